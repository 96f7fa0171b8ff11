import type { Cluster } from "../collect/cluster.ts";
import { compile } from "../compile/compile.ts";
import type { Options } from "../compile/options.ts";
import { annotationFindings } from "./annotations.ts";
import { withAnswer } from "./answer.ts";
import { findingOf } from "./diagnostics.ts";
import { fallbackQuirk } from "./fallback-quirk.ts";
import { type Finding, inOrder } from "./finding.ts";
import { hostQuirks } from "./host-quirks.ts";
import { ingressQuirks } from "./ingress-quirks.ts";
import { surveyOf } from "./survey.ts";

/**
 * What becomes of manifests that were written for ingress-nginx: what is the same, what differs, what cannot be had, and
 * which of its quirks they rely on. Nothing is asked of anyone; answers come from the edge's own matcher and filters.
 */
export async function lint(cluster: Cluster, options: Options): Promise<Finding[]> {
  const { rules, diagnostics } = compile(cluster, options);
  const survey = surveyOf(cluster, rules, options);
  const found = [
    ...diagnostics.map((diagnostic) => findingOf(diagnostic, survey)),
    ...survey.ingresses.flatMap(annotationFindings),
    ...survey.ingresses.flatMap((surveyed) => ingressQuirks(surveyed, survey)),
    ...survey.hosts.flatMap(hostQuirks),
    ...survey.hosts.flatMap((host) => fallbackQuirk(host, survey)),
  ];
  return inOrder((await Promise.all(found.map((finding) => withAnswer(finding, rules)))).filter(isSurprising));
}

/** Policies that are inherited and change nothing surprise nobody. */
function isSurprising({ rule, edgress }: Finding): boolean {
  return rule !== "fallback-inherits" || edgress !== "404";
}
