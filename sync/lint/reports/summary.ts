import { formatCount } from "../../runtime/format-count.ts";
import { FINDING_KINDS } from "../findings/finding.ts";
import { type Cause, type LintReport, VERDICTS, type VerdictKind } from "../verdicts/report.ts";
import { isBlocking } from "../verdicts/verdict.ts";

/** The summary of a report, for every format. */
export interface LintSummary {
  readonly hosts: number;
  readonly ingresses: number;
  readonly verdicts: readonly VerdictCount[];
  /** The causes that block a host, those of the most hosts first. */
  readonly blockingCauses: readonly Cause[];
  readonly doFirst: FirstStep | undefined;
  /** Findings by kind, without those of the baseline. */
  readonly counts: Readonly<Record<(typeof FINDING_KINDS)[number], number>>;
  readonly knownFindings: number;
}

interface VerdictCount {
  readonly verdict: VerdictKind;
  readonly hosts: number;
  readonly ingresses: number;
}

/** The cause to resolve first. */
interface FirstStep {
  readonly cause: Cause;
  /** The hosts that can move after this change alone. */
  readonly freedHosts: number;
}

export const VERDICT_LABELS: Readonly<Record<VerdictKind, string>> = {
  now: "can move now",
  "after-one-change": "after one change",
  "after-more-changes": "after more changes",
  "cannot-move": "cannot move",
};

export function summarize(report: LintReport): LintSummary {
  const { hosts, ingresses, causes, findings } = report;
  const newFindings = findings.filter(({ isKnown }) => !isKnown);
  const blockingCauses = causes
    .filter((cause) => cause.findings.some(isBlocking))
    .toSorted((a, b) => b.hosts.length - a.hosts.length || b.objects.length - a.objects.length);
  return {
    hosts: hosts.length,
    ingresses: ingresses.length,
    verdicts: VERDICTS.map((verdict) => ({
      verdict,
      hosts: hosts.filter((host) => host.verdict === verdict).length,
      ingresses: ingresses.filter((ingress) => ingress.verdict === verdict).length,
    })),
    blockingCauses,
    doFirst: findFirstStep(blockingCauses, report),
    counts: Object.fromEntries(
      FINDING_KINDS.map((kind) => [kind, newFindings.filter((finding) => finding.kind === kind).length]),
    ) as LintSummary["counts"], // the list has every kind
    knownFindings: findings.length - newFindings.length,
  };
}

/** Returns the cause that blocks the most hosts with a possible move. */
function findFirstStep(causes: readonly Cause[], { hosts }: LintReport): FirstStep | undefined {
  const countFreed = ({ id }: Cause) =>
    hosts.filter((host) => host.verdict === "after-one-change" && host.causes.includes(id)).length;
  const steps = causes.map((cause) => ({ cause, freedHosts: countFreed(cause) }));
  return steps.toSorted((a, b) => b.freedHosts - a.freedHosts)[0];
}

/** Returns the objects that were not checked, by kind: `3 Services, 1 Secret`. */
export function formatUncheckedCounts({ uncheckedObjects }: LintReport): string {
  const byKind = Map.groupBy(uncheckedObjects, ({ kind }) => kind);
  return [...byKind].map(([kind, objects]) => formatCount(objects.length, kind)).join(", ");
}

/** Returns the findings by kind: `2 errors, 0 unsupported, 3 different, 4 notes, 1 unchanged`. */
export function formatKindCounts({ counts }: LintSummary): string {
  const nouns = { error: formatCount(counts.error, "error"), note: formatCount(counts.note, "note") };
  return FINDING_KINDS.map((kind) =>
    kind === "error" || kind === "note" ? nouns[kind] : `${counts[kind]} ${kind}`,
  ).join(", ");
}
