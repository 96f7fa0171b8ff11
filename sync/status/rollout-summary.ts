import type { Candidate, Manifest } from "../../src/rules/snapshot.ts";

/** A roll-out in progress, as the overview shows it. */
export interface RolloutSummary {
  readonly digest: string;
  readonly share: number; // percent of clients
  readonly stages: readonly number[];
  readonly startedAt: string;
  readonly stageStartedAt: string;
}

/** Returns the roll-out of a candidate, without its blobs. */
export function summarizeRollout({ digest, share, stages, startedAt, stageStartedAt }: Candidate): RolloutSummary {
  return { digest, share, stages, startedAt, stageStartedAt };
}

/** Returns why the rules of the cluster are not at every client. */
export function listRolloutProblems(manifest: Manifest | undefined): string[] {
  const { candidate, aborted } = manifest ?? {};
  if (candidate) {
    const since = `since ${candidate.stageStartedAt}`;
    return [`${candidate.share} % of clients get a candidate ${since}; end it with: edgress promote, or edgress abort`];
  }
  if (!aborted) return [];
  const { by, at, reason } = aborted;
  return [`the last candidate was aborted by ${by} at ${at}: ${reason}. To stage it again: edgress resume`];
}
