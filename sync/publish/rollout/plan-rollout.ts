import type { Manifest } from "../../../src/rules/snapshot.ts";
import { decideRollout, type RolloutSettings } from "./decide.ts";
import type { RolloutVerdict } from "./judge.ts";
import type { Stage } from "./plan-candidate.ts";

/** What a sync with staged roll-outs does with its rules. Texts are for people. */
export type RolloutPlan =
  /** Publish to every client: nothing is published yet, or the rules are the active ones. */
  | { readonly type: "publish"; readonly isPromotion: boolean; readonly reason: string }
  | { readonly type: "stage"; readonly stage: Stage; readonly isNew: boolean; readonly reason: string }
  | { readonly type: "wait"; readonly reason: string }
  | { readonly type: "abort"; readonly reason: string }
  /** Publish nothing: the same rules were aborted. */
  | { readonly type: "held"; readonly reason: string };

/** Plans the next step of a roll-out. The manifest is its only state. `digest` is that of the rules of the sync. */
export function planRollout(
  manifest: Manifest | undefined,
  digest: string,
  verdict: RolloutVerdict | { readonly type: "unknown"; readonly summary: string },
  settings: RolloutSettings,
  now: Date,
): RolloutPlan {
  if (!manifest) return { type: "publish", isPromotion: false, reason: "nothing is published" };
  if (manifest.digest === digest)
    return { type: "publish", isPromotion: false, reason: "the rules are the active ones" };
  const { candidate, aborted } = manifest;
  if (candidate?.digest !== digest) {
    if (aborted?.digest === digest) return { type: "held", reason: aborted.reason };
    return startRollout(candidate !== undefined, settings, now);
  }
  const step = decideRollout(candidate, verdict, now, settings);
  switch (step.type) {
    case "wait":
    case "abort":
      return step;
    case "promote":
      return { type: "publish", isPromotion: true, reason: step.reason };
    case "advance": {
      const { stages, startedAt } = candidate;
      const stage = { share: step.share, stages, startedAt, stageStartedAt: now.toISOString() };
      return { type: "stage", stage, isNew: false, reason: step.reason };
    }
  }
}

function startRollout(replacesCandidate: boolean, { stages }: RolloutSettings, now: Date): RolloutPlan {
  const reason = replacesCandidate ? "the rules changed, so they replace the candidate" : "the rules changed";
  return { type: "stage", stage: createStage(stages, now), isNew: true, reason };
}

/** Returns the first stage of a roll-out. */
export function createStage(stages: readonly number[], now: Date): Stage {
  const time = now.toISOString();
  return { share: stages[0] ?? 100, stages, startedAt: time, stageStartedAt: time };
}
