import type { AccountFacts } from "../facts.ts";
import type { NamespaceContent } from "../namespace-content.ts";
import type { SetupSettings } from "../settings.ts";
import { type CheckResult, check } from "./check.ts";

/** Checks that the KV namespace exists, and names the cluster that owns it. */
export function checkNamespace(
  { namespaces }: Pick<AccountFacts, "namespaces">,
  { namespaceId, namespaceTitle }: SetupSettings,
  content: NamespaceContent | undefined,
): readonly CheckResult[] {
  const report = check("namespace");
  if (!namespaces.ok) return [report.skipped(`KV namespaces were not read: ${namespaces.problem}`, namespaceTitle)];
  const namespace = namespaces.value.find(({ id }) => id === namespaceId);
  if (!namespace) return [report.error("KV namespace not found", "Run `edgress init`", namespaceTitle)];
  if (!content) return [report.ok("KV namespace exists", namespace.title)];
  return [report.ok(`KV namespace exists: ${describeContent(content)}`, namespace.title)];
}

/** Describes who publishes to a namespace: "generation 7, owned by cluster 4e5c…". */
export function describeContent({ generation, owner, isEmpty }: NamespaceContent): string {
  if (isEmpty) return "empty";
  const publication = generation === undefined ? "no readable generation" : `generation ${generation}`;
  switch (owner.type) {
    case "cluster":
      return `${publication}, owned by cluster ${owner.cluster}`;
    case "none":
      return `${publication}, owned by no cluster`;
    case "unknown":
      return `${publication}, owned by a set-up with another key`;
  }
}
