import type { RequestServices } from "../../src/request/exchange.ts";
import type { Cluster } from "../collect/cluster-model.ts";
import { compile } from "../compile/compile.ts";
import type { Options } from "../compile/options.ts";
import { checkAnnotations, summarizeSupport } from "./findings/annotations.ts";
import { createAnswerSource, withResponses } from "./findings/answer-url.ts";
import { findDefaultBackendQuirks } from "./findings/default-backend-quirk.ts";
import { buildFinding } from "./findings/diagnostics.ts";
import { type Finding, sortFindings } from "./findings/finding.ts";
import { findHostQuirks } from "./findings/host-quirks.ts";
import { buildIngressIndex } from "./findings/ingress-index.ts";
import { findIngressQuirks } from "./findings/ingress-quirks.ts";
import { findPrivateRanges } from "./findings/private-ranges.ts";
import { findTlsWithoutHost } from "./findings/tls-hosts.ts";
import { findUnsafeGroups, SHOWN_BY_RESPONSE } from "./findings/unsafe-groups.ts";
import type { CloudflarePlan } from "./knowledge/cloudflare-limits.ts";
import { findKnownIssues } from "./knowledge/known-issues.ts";

/**
 * Compares the behavior of manifests in ingress-nginx and in edgress: unchanged, different and unsupported features, and
 * surprising behavior of both. It sends no requests: responses come from the matcher and filters of the edge. `decrypt`
 * returns the plaintext of a token.
 */
export async function lint(
  cluster: Cluster,
  options: Options,
  decrypt: RequestServices["decrypt"],
  plan: CloudflarePlan = "free",
): Promise<Finding[]> {
  const { rules, diagnostics } = compile(cluster, options);
  const index = buildIngressIndex(cluster, rules, options);
  const findings = [
    ...diagnostics.map((diagnostic) => buildFinding(diagnostic, index)),
    ...index.ingresses.flatMap((indexedIngress) => checkAnnotations(indexedIngress, plan)),
    ...index.ingresses.flatMap((indexedIngress) => findIngressQuirks(indexedIngress, index)),
    ...index.ingresses.flatMap(findPrivateRanges),
    ...index.ingresses.flatMap(findTlsWithoutHost),
    ...index.hosts.flatMap(findHostQuirks),
    ...index.hosts.flatMap(findUnsafeGroups),
    ...index.hosts.flatMap((host) => findDefaultBackendQuirks(host, index)),
    ...findKnownIssues(cluster, { index, zones: options.zones, plan }),
  ];
  const answerSource = createAnswerSource(rules, decrypt);
  const answeredFindings = await Promise.all(findings.map((finding) => withResponses(finding, answerSource)));
  const shownFindings = answeredFindings.filter(isSurprising);
  return sortFindings([
    ...shownFindings,
    ...index.ingresses.flatMap((indexedIngress) => summarizeSupport(indexedIngress, shownFindings)),
  ]);
}

/** Drops inherited policies if an unmatched path still returns 404, and problems that the response does not show. */
function isSurprising({ rule, edgress = "" }: Finding): boolean {
  if (rule === "default-backend-inherits-policies") return edgress !== "404";
  return edgress.includes(SHOWN_BY_RESPONSE[rule] ?? "");
}
