import type { RequestCount } from "../../cloudflare/analytics.ts";

/** The requests of one side of a roll-out. */
export interface SideCounts {
  /** The number of requests, estimated from the sampled points. */
  readonly requests: number;
  /** The number of stored points. Certainty depends on it, not on the estimate. */
  readonly points: number;
  readonly serverErrors: number; // requests with a status of 5xx
  readonly noRoutes: number; // requests without a matching route
}

/** The comparison of a candidate with the active rules. */
export type RolloutVerdict =
  | { readonly type: "good"; readonly summary: string }
  | { readonly type: "worse"; readonly summary: string }
  | { readonly type: "too-few-requests"; readonly summary: string };

/** A difference below one percentage point is not worth an abort. */
const MIN_DIFFERENCE = 0.01;
/** Standard errors that a difference must exceed: chance reaches it once in about 700 comparisons. */
const MIN_STANDARD_ERRORS = 3;

/** Adds up the requests of one generation by side. */
export function sumSides(
  counts: readonly RequestCount[],
  generation: number,
): { readonly active: SideCounts; readonly candidate: SideCounts } {
  const sumSide = (side: string) =>
    sumCounts(counts.filter((count) => count.generation === generation && count.side === side));
  return { active: sumSide("active"), candidate: sumSide("candidate") };
}

function sumCounts(counts: readonly RequestCount[]): SideCounts {
  const sum = (select: (count: RequestCount) => number) => counts.reduce((total, count) => total + select(count), 0);
  return {
    requests: sum(({ requests }) => requests),
    points: sum(({ points }) => points),
    serverErrors: sum(({ requests, statusClass }) => (statusClass.startsWith("5") ? requests : 0)),
    noRoutes: sum(({ requests, outcome }) => (outcome === "no-route" ? requests : 0)),
  };
}

/**
 * Compares the shares of 5xx and of no-route answers. The candidate is worse if one of its shares is higher by more than
 * one percentage point and by more than three standard errors. Both sides need `minRequests` points.
 */
export function judgeCandidate(active: SideCounts, candidate: SideCounts, minRequests: number): RolloutVerdict {
  const sides = { candidate, active };
  for (const [name, { points }] of Object.entries(sides)) {
    if (points >= minRequests) continue;
    const summary = `the ${name} side has ${points} of the ${minRequests} requests that a comparison needs`;
    return { type: "too-few-requests", summary };
  }
  const comparisons = [
    compareShares("5xx", active, candidate, ({ serverErrors }) => serverErrors),
    compareShares("no-route", active, candidate, ({ noRoutes }) => noRoutes),
  ];
  const summary = comparisons.map((comparison) => comparison.summary).join(", ");
  return { type: comparisons.some(({ isWorse }) => isWorse) ? "worse" : "good", summary };
}

function compareShares(
  name: string,
  active: SideCounts,
  candidate: SideCounts,
  select: (counts: SideCounts) => number,
): { readonly isWorse: boolean; readonly summary: string } {
  const [activeShare, candidateShare] = [active, candidate].map((counts) => select(counts) / counts.requests) as [
    number,
    number,
  ];
  const points = active.points + candidate.points;
  const commonShare = (activeShare * active.points + candidateShare * candidate.points) / points;
  const standardError = Math.sqrt(commonShare * (1 - commonShare) * (1 / active.points + 1 / candidate.points));
  const difference = candidateShare - activeShare;
  return {
    isWorse: difference > MIN_DIFFERENCE && difference > MIN_STANDARD_ERRORS * standardError,
    summary: `${name} ${formatPercent(candidateShare)} of ${Math.round(candidate.requests)} candidate requests, ${formatPercent(activeShare)} of ${Math.round(active.requests)} active ones`,
  };
}

function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
