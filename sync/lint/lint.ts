import type { Cluster } from "../collect/cluster-model.ts";
import { compile } from "../compile/compile.ts";
import type { Options } from "../compile/options.ts";
import { checkAnnotations } from "./findings/annotations.ts";
import { withResponses } from "./findings/answer-url.ts";
import { findDefaultBackendQuirks } from "./findings/default-backend-quirk.ts";
import { buildFinding } from "./findings/diagnostics.ts";
import { type Finding, sortFindings } from "./findings/finding.ts";
import { findHostQuirks } from "./findings/host-quirks.ts";
import { buildIngressIndex } from "./findings/ingress-index.ts";
import { findIngressQuirks } from "./findings/ingress-quirks.ts";
import { findUnsafeGroups, SHOWN_BY_RESPONSE } from "./findings/unsafe-groups.ts";
import type { CloudflarePlan } from "./knowledge/cloudflare-limits.ts";
import { findKnownIssues } from "./knowledge/known-issues.ts";

/**
 * Compares the behavior of manifests in ingress-nginx and in edgress: unchanged, different and unsupported features, and
 * surprising behavior of both. It sends no requests: responses come from the matcher and filters of the edge.
 */
export async function lint(cluster: Cluster, options: Options, plan: CloudflarePlan = "free"): Promise<Finding[]> {
  const { rules, diagnostics } = compile(cluster, options);
  const index = buildIngressIndex(cluster, rules, options);
  const findings = [
    ...diagnostics.map((diagnostic) => buildFinding(diagnostic, index)),
    ...index.ingresses.flatMap((indexedIngress) => checkAnnotations(indexedIngress, plan)),
    ...index.ingresses.flatMap((indexedIngress) => findIngressQuirks(indexedIngress, index)),
    ...index.hosts.flatMap(findHostQuirks),
    ...index.hosts.flatMap(findUnsafeGroups),
    ...index.hosts.flatMap((host) => findDefaultBackendQuirks(host, index)),
    ...findKnownIssues(cluster, { index, zones: options.zones, plan }),
  ];
  return sortFindings(
    (await Promise.all(findings.map((finding) => withResponses(finding, rules)))).filter(isSurprising),
  );
}

/** Drops inherited policies if an unmatched path still returns 404, and problems that the response does not show. */
function isSurprising({ rule, edgress = "" }: Finding): boolean {
  if (rule === "default-backend-inherits-policies") return edgress !== "404";
  return edgress.includes(SHOWN_BY_RESPONSE[rule] ?? "");
}
