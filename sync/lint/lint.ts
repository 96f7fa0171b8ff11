import type { Cluster } from "../collect/cluster-model.ts";
import { compile } from "../compile/compile.ts";
import type { Options } from "../compile/options.ts";
import { checkAnnotations } from "./annotations.ts";
import { withResponses } from "./answer-url.ts";
import { findDefaultBackendQuirks } from "./default-backend-quirk.ts";
import { buildFinding } from "./diagnostics.ts";
import { type Finding, sortFindings } from "./finding.ts";
import { findHostQuirks } from "./host-quirks.ts";
import { buildIngressIndex } from "./ingress-index.ts";
import { findIngressQuirks } from "./ingress-quirks.ts";

/**
 * What becomes of manifests that were written for ingress-nginx: what is the same, what differs, what cannot be had, and
 * which of its quirks they rely on. Nothing is asked of anyone; answers come from the edge's own matcher and filters.
 */
export async function lint(cluster: Cluster, options: Options): Promise<Finding[]> {
  const { rules, diagnostics } = compile(cluster, options);
  const index = buildIngressIndex(cluster, rules, options);
  const findings = [
    ...diagnostics.map((diagnostic) => buildFinding(diagnostic, index)),
    ...index.ingresses.flatMap(checkAnnotations),
    ...index.ingresses.flatMap((indexedIngress) => findIngressQuirks(indexedIngress, index)),
    ...index.hosts.flatMap(findHostQuirks),
    ...index.hosts.flatMap((host) => findDefaultBackendQuirks(host, index)),
  ];
  return sortFindings(
    (await Promise.all(findings.map((finding) => withResponses(finding, rules)))).filter(isSurprising),
  );
}

/** Policies that are inherited and change nothing surprise nobody. */
function isSurprising({ rule, edgress }: Finding): boolean {
  return rule !== "default-backend-inherits-policies" || edgress !== "404";
}
