import type { Snippet } from "../../../src/rules/policies/snippet.ts";
import { annotationCatalog, stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import type { CloudflarePlan } from "../knowledge/cloudflare-limits.ts";
import { describeDifference } from "../knowledge/value-differences.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, findAnnotationValue, type IndexedIngress } from "./ingress-index.ts";
import { describeSnippet } from "./snippets.ts";

/** Reports how an Ingress's annotations are supported. Unsupported annotations are diagnostics already. */
export function checkAnnotations(
  { ingress, parsedAnnotations, paths }: IndexedIngress,
  plan: CloudflarePlan,
): Finding[] {
  const entries = Object.entries(ingress.annotations).flatMap(([key, value]) => {
    const catalogEntry = annotationCatalog.get(stripAnnotationPrefix(key) ?? "");
    return catalogEntry && findAnnotationValue(parsedAnnotations, catalogEntry) !== undefined
      ? [{ key, value, ...catalogEntry }]
      : [];
  });
  const supportFindings = entries.flatMap(({ key, name, policy, row }): Finding[] => {
    const location = buildLocation(ingress, `metadata.annotations[${key}]`);
    if (row.support === "partial") {
      const value = findAnnotationValue(parsedAnnotations, { policy, name });
      const message = describeDifference(name, value, row, plan);
      return message === undefined ? [] : [{ ...location, rule: "partial-support", kind: "different", message }];
    }
    if (row.support !== "no-op") return [];
    return [{ ...location, rule: "no-op", kind: "unchanged", message: `no effect: ${row.difference ?? row.doc}` }];
  });
  const fullySupported = entries.filter(({ row }) => (row.support ?? "full") === "full").map(({ name }) => name);
  const servedCount = paths.filter(({ isServed }) => isServed).length;
  const count = `${servedCount} ${servedCount === 1 ? "path" : "paths"}`;
  const message = `${count}${fullySupported.length > 0 ? `, and ${fullySupported.join(", ")}` : ""}: as in ingress-nginx`;
  const summary: Finding = {
    ...buildLocation(ingress, "spec.rules"),
    rule: "full-support",
    kind: "unchanged",
    message,
  };
  return [...supportFindings, ...(servedCount > 0 ? [summary] : []), ...checkSnippets({ ingress, parsedAnnotations })];
}

function checkSnippets({
  ingress,
  parsedAnnotations,
}: Pick<IndexedIngress, "ingress" | "parsedAnnotations">): Finding[] {
  const hasAuthUrl = parsedAnnotations.findKey("auth-url") !== undefined;
  return Object.entries(annotationsWithDirectives).flatMap(([name, policyName]) => {
    const key = parsedAnnotations.findKey(name);
    const snippet = parsedAnnotations.values[policyName][name] as Snippet | undefined; // as the row reads it
    if (key === undefined || snippet === undefined) return [];
    const location = buildLocation(ingress, `metadata.annotations[${key}]`);
    return describeSnippet(snippet, hasAuthUrl).map((finding): Finding => ({ ...location, ...finding }));
  });
}

/** The annotations with nginx configuration, and a policy that reads them. */
const annotationsWithDirectives = {
  "configuration-snippet": "unsupportedAnnotations",
  "auth-snippet": "unsupportedAnnotations",
  "server-snippet": "unsupportedHostAnnotations",
} as const;
