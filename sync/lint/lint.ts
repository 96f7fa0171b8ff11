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
import { findIngressQuirks } from "./findings/ingress-quirks.ts";
import { buildObjectIndex } from "./findings/object-index.ts";
import { findParentProblems } from "./findings/parents.ts";
import { findPrivateRanges } from "./findings/private-ranges.ts";
import { summarizeRules } from "./findings/served-rules.ts";
import { findTlsWithoutHost } from "./findings/tls-hosts.ts";
import { findUnsafeGroups, SHOWN_BY_RESPONSE } from "./findings/unsafe-groups.ts";
import type { CloudflarePlan } from "./knowledge/cloudflare-limits.ts";
import { findKnownIssues } from "./knowledge/known-issues.ts";

/**
 * Compares the behavior of Ingresses in ingress-nginx and in edgress: unchanged, different and unsupported features, and
 * surprising behavior of both. Of Gateway API objects, it finds what the edge does not serve. It sends no requests:
 * responses come from the matcher and filters of the edge. `decrypt` returns the plaintext of a token.
 */
export async function lint(
  cluster: Cluster,
  options: Options,
  decrypt: RequestServices["decrypt"],
  plan: CloudflarePlan = "free",
): Promise<Finding[]> {
  const { rules, diagnostics } = compile(cluster, options);
  const index = buildObjectIndex(cluster, rules, options);
  const objects = [...index.ingresses, ...index.httpRoutes];
  const findings = [
    ...diagnostics.map((diagnostic) => buildFinding(diagnostic, index)),
    ...objects.flatMap((indexedObject) => checkAnnotations(indexedObject, plan)),
    ...index.ingresses.flatMap((indexedIngress) => findIngressQuirks(indexedIngress, index)),
    ...objects.flatMap(findPrivateRanges),
    ...findParentProblems(cluster.gateway, index),
    ...index.ingresses.flatMap(findTlsWithoutHost),
    ...index.hosts.flatMap(findHostQuirks),
    ...index.hosts.flatMap(findUnsafeGroups),
    ...index.hosts.flatMap((host) => findDefaultBackendQuirks(host, index)),
    ...findKnownIssues(cluster, { index, zones: options.zones, plan }),
  ];
  const answerSource = createAnswerSource(rules, decrypt);
  const answeredFindings = await Promise.all(findings.map((finding) => withResponses(finding, answerSource)));
  const shownFindings = answeredFindings.filter(isSurprising);
  const servedRules = index.httpRoutes.flatMap((indexedRoute) => summarizeRules(indexedRoute, shownFindings));
  return sortFindings([
    ...shownFindings,
    ...index.ingresses.flatMap((indexedIngress) => summarizeSupport(indexedIngress, shownFindings)),
    ...(await Promise.all(servedRules.map((finding) => withResponses(finding, answerSource)))),
  ]);
}

/** Drops inherited policies if an unmatched path still returns 404, and problems that the response does not show. */
function isSurprising({ rule, edgress = "" }: Finding): boolean {
  if (rule === "default-backend-inherits-policies") return edgress !== "404";
  return edgress.includes(SHOWN_BY_RESPONSE[rule] ?? "");
}
