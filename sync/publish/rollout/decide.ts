import type { Candidate } from "../../../src/rules/snapshot.ts";
import type { RolloutVerdict } from "./judge.ts";

/** Timings and limits of staged roll-outs. */
export interface RolloutSettings {
  /** Percent of clients, ascending. After the last one, the candidate is promoted. */
  readonly stages: readonly number[];
  /** Minimum duration of a stage. */
  readonly intervalMs: number;
  /** Duration of a stage without a comparison, after which the candidate is aborted. */
  readonly maxWaitMs: number;
  /** Points that each side needs for a comparison. */
  readonly minRequests: number;
}

/** What happens to a candidate. Texts are for people. */
export type RolloutStep =
  | { readonly type: "wait"; readonly reason: string }
  | { readonly type: "advance"; readonly share: number; readonly reason: string }
  | { readonly type: "promote"; readonly reason: string }
  | { readonly type: "abort"; readonly reason: string };

/**
 * Decides about a candidate. A worse one is aborted at once. A good one goes to the next stage after the interval, and is
 * promoted after the last one. Without a comparison it waits, and is aborted after `maxWaitMs`.
 */
export function decideRollout(
  { share, stages, stageStartedAt }: Pick<Candidate, "share" | "stages" | "stageStartedAt">,
  verdict: RolloutVerdict | { readonly type: "unknown"; readonly summary: string },
  now: Date,
  { intervalMs, maxWaitMs }: Pick<RolloutSettings, "intervalMs" | "maxWaitMs">,
): RolloutStep {
  const { summary } = verdict;
  const elapsedMs = now.getTime() - Date.parse(stageStartedAt);
  if (verdict.type === "worse") return { type: "abort", reason: summary };
  if (elapsedMs < intervalMs)
    return { type: "wait", reason: `${summary}; stage ends in ${formatWait(intervalMs - elapsedMs)}` };
  if (verdict.type === "good") {
    const nextShare = stages.find((stage) => stage > share);
    return nextShare === undefined
      ? { type: "promote", reason: summary }
      : { type: "advance", share: nextShare, reason: summary };
  }
  return elapsedMs < maxWaitMs
    ? { type: "wait", reason: `${summary}; abort in ${formatWait(maxWaitMs - elapsedMs)} without a comparison` }
    : { type: "abort", reason: `${summary} after ${formatWait(elapsedMs)}` };
}

/** Returns the milliseconds until a stage can change. */
export function nextCheckMs(
  { stageStartedAt }: Pick<Candidate, "stageStartedAt">,
  now: Date,
  { intervalMs }: Pick<RolloutSettings, "intervalMs">,
): number {
  return Math.max(0, Date.parse(stageStartedAt) + intervalMs - now.getTime());
}

function formatWait(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
