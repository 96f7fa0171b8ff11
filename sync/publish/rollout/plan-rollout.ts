import type { Manifest } from "../../../src/rules/snapshot.ts";
import { decideRollout, type RolloutSettings } from "./decide.ts";
import type { RolloutVerdict } from "./judge.ts";

/** What a sync with staged roll-outs does with its rules. Texts are for people. */
export type RolloutPlan =
  /** Publish to every client: nothing is published yet, or the rules are the active ones. */
  | { readonly type: "publish"; readonly isPromotion: boolean; readonly reason: string }
  | { readonly type: "start"; readonly reason: string }
  | { readonly type: "advance"; readonly share: number; readonly reason: string }
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
    const reason = candidate ? "the rules changed, so they replace the candidate" : "the rules changed";
    return { type: "start", reason };
  }
  const step = decideRollout(candidate, verdict, now, settings);
  switch (step.type) {
    case "wait":
    case "advance":
    case "abort":
      return step;
    case "promote":
      return { type: "publish", isPromotion: true, reason: step.reason };
  }
}
