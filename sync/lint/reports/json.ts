import type { LintReport } from "../verdicts/report.ts";
import { summarize } from "./summary.ts";

/** Formats a report as JSON. Causes name their findings by rule and object only, because `findings` has all of them. */
export function formatJson(report: LintReport): string {
  const { verdicts, counts, knownFindings, doFirst, ...totals } = summarize(report);
  const summary = {
    hosts: totals.hosts,
    ingresses: totals.ingresses,
    objects: totals.objects,
    verdicts,
    counts,
    knownFindings,
    fixedFindings: report.fixedFindings,
    ...(doFirst && {
      doFirst: { cause: doFirst.cause.id, remedy: doFirst.cause.remedies[0], freedHosts: doFirst.freedHosts },
    }),
  };
  const causes = report.causes.map(({ findings, ...cause }) => ({ ...cause, findings: findings.length }));
  const { hosts, ingresses, objects, findings, uncheckedObjects, skippedClasses } = report;
  const details = { uncheckedObjects, skippedClasses };
  return JSON.stringify({ summary, hosts, ingresses, objects, causes, findings, ...details }, null, 2);
}
