import type { Finding } from "../findings/finding.ts";
import type { Baseline } from "./baseline.ts";
import { buildCauseId, groupCauses } from "./causes.ts";
import type { CheckedObject } from "./checked-object.ts";
import { createPlaceFinder } from "./place.ts";
import type { LintReport } from "./report.ts";
import { judgeHosts, judgeObjects } from "./verdict.ts";

/** Groups findings by cause, and judges which hosts and objects can move. */
export function buildReport(
  findings: readonly Finding[],
  checkedObjects: readonly CheckedObject[],
  baseline: Baseline,
  details: Pick<LintReport, "uncheckedObjects" | "skippedClasses">,
): LintReport {
  const findPlace = createPlaceFinder(checkedObjects);
  const placedFindings = findings.map((finding) => ({
    ...finding,
    ...findPlace(finding),
    cause: buildCauseId(finding),
  }));
  const reportedFindings = placedFindings.map((finding) => ({ ...finding, isKnown: baseline.contains(finding) }));
  const objects = judgeObjects(checkedObjects, reportedFindings);
  return {
    findings: reportedFindings,
    causes: groupCauses(reportedFindings),
    hosts: judgeHosts(checkedObjects, reportedFindings),
    objects,
    ingresses: objects.filter(({ kind }) => kind === "Ingress"),
    fixedFindings: baseline.countFixed(placedFindings),
    ...details,
  };
}
