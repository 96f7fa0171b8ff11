import type { Cluster } from "../../collect/cluster-model.ts";
import type { Finding } from "../findings/finding.ts";
import type { Baseline } from "./baseline.ts";
import { buildCauseId, groupCauses } from "./causes.ts";
import { createPlaceFinder } from "./place.ts";
import type { LintReport } from "./report.ts";
import { judgeHosts, judgeIngresses } from "./verdict.ts";

/** Groups findings by cause, and judges which hosts and Ingresses can move. `ingresses` are the selected ones. */
export function buildReport(
  findings: readonly Finding[],
  { ingresses }: Pick<Cluster, "ingresses">,
  baseline: Baseline,
  details: Pick<LintReport, "uncheckedObjects" | "skippedClasses">,
): LintReport {
  const findPlace = createPlaceFinder({ ingresses });
  const placedFindings = findings.map((finding) => ({
    ...finding,
    ...findPlace(finding),
    cause: buildCauseId(finding),
  }));
  const reportedFindings = placedFindings.map((finding) => ({ ...finding, isKnown: baseline.contains(finding) }));
  return {
    findings: reportedFindings,
    causes: groupCauses(reportedFindings),
    hosts: judgeHosts({ ingresses }, reportedFindings),
    ingresses: judgeIngresses({ ingresses }, reportedFindings),
    fixedFindings: baseline.countFixed(placedFindings),
    ...details,
  };
}
