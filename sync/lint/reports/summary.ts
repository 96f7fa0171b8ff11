import { formatCount } from "../../runtime/format-count.ts";
import { FINDING_KINDS } from "../findings/finding.ts";
import {
  type Cause,
  CHECKED_KINDS,
  type CheckedKind,
  type LintReport,
  type ObjectVerdict,
  VERDICTS,
  type VerdictKind,
} from "../verdicts/report.ts";
import { isBlocking } from "../verdicts/verdict.ts";

/** The summary of a report, for every format. */
export interface LintSummary {
  readonly hosts: number;
  readonly ingresses: number;
  readonly objects: ObjectCounts;
  readonly verdicts: readonly VerdictCount[];
  /** The causes that block a host, those of the most hosts first. */
  readonly blockingCauses: readonly Cause[];
  readonly doFirst: FirstStep | undefined;
  /** Findings by kind, without those of the baseline. */
  readonly counts: Readonly<Record<(typeof FINDING_KINDS)[number], number>>;
  readonly knownFindings: number;
}

/** Objects by kind. Only kinds that occur are present. */
export type ObjectCounts = Readonly<Partial<Record<CheckedKind, number>>>;

interface VerdictCount {
  readonly verdict: VerdictKind;
  readonly hosts: number;
  readonly ingresses: number;
  readonly objects: ObjectCounts;
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
  const { hosts, objects, causes, findings } = report;
  const counts = countObjects(objects);
  const newFindings = findings.filter(({ isKnown }) => !isKnown);
  const blockingCauses = causes
    .filter((cause) => cause.findings.some(isBlocking))
    .toSorted((a, b) => b.hosts.length - a.hosts.length || b.objects.length - a.objects.length);
  return {
    hosts: hosts.length,
    ingresses: counts.Ingress ?? 0,
    objects: counts,
    verdicts: VERDICTS.map((verdict) => {
      const verdictCounts = countObjects(objects.filter((object) => object.verdict === verdict));
      return {
        verdict,
        hosts: hosts.filter((host) => host.verdict === verdict).length,
        ingresses: verdictCounts.Ingress ?? 0,
        objects: verdictCounts,
      };
    }),
    blockingCauses,
    doFirst: findFirstStep(blockingCauses, report),
    counts: Object.fromEntries(
      FINDING_KINDS.map((kind) => [kind, newFindings.filter((finding) => finding.kind === kind).length]),
    ) as LintSummary["counts"], // the list has every kind
    knownFindings: findings.length - newFindings.length,
  };
}

/** Whether a report has objects of other kinds, which its tables then name. */
export function hasOnlyIngresses({ objects }: Pick<LintReport, "objects">): boolean {
  return objects.every(({ kind }) => kind === "Ingress");
}

function countObjects(objects: readonly ObjectVerdict[]): ObjectCounts {
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  return Object.fromEntries(
    CHECKED_KINDS.flatMap((kind) => {
      const count = byKind.get(kind)?.length;
      return count === undefined ? [] : [[kind, count]];
    }),
  );
}

/** Returns the kinds that occur; Ingress if none does. */
export function listCountedKinds({ objects }: Pick<LintSummary, "objects">): CheckedKind[] {
  const kinds = CHECKED_KINDS.filter((kind) => kind in objects);
  return kinds.length === 0 ? ["Ingress"] : kinds;
}

/** Returns the number of checked objects and hosts: `3 Ingresses, 2 HTTPRoutes, 4 hosts`. */
export function formatTotals(summary: LintSummary): string {
  const counts = listCountedKinds(summary).map((kind) => formatCount(summary.objects[kind] ?? 0, kind));
  return [...counts, formatCount(summary.hosts, "host")].join(", ");
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
