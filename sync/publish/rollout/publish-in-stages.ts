import { errorMessage } from "../../../src/rules/error-message.ts";
import type { Manifest, Rules } from "../../../src/rules/snapshot.ts";
import type { Analytics } from "../../cloudflare/analytics.ts";
import { findChangedIngresses } from "../guard/changed-ingresses.ts";
import { type PublishResult, publish } from "../publish.ts";
import type { PublishedSnapshot } from "../read-published.ts";
import type { RolloutSettings } from "./decide.ts";
import { judgeCandidate, type RolloutVerdict, sumSides } from "./judge.ts";
import { planRollout, type RolloutPlan } from "./plan-rollout.ts";
import {
  computeCandidateDigest,
  keepPublished,
  publishAbort,
  publishCandidate,
  publishShare,
  type RolloutContext,
} from "./publish-candidate.ts";

/** Staged roll-outs of a controller. */
export interface Rollouts {
  readonly settings: RolloutSettings;
  readonly analytics: Analytics;
}

/** A roll-out in progress, or the aborted one whose rules are not published. */
export interface RolloutState {
  readonly type: "running" | "aborted";
  readonly share: number; // 0 after an abort
  /** Whether this sync started or ended it, or changed its share. */
  readonly isNews: boolean;
  readonly reason: string;
  /** Ingresses ("namespace/name") with routes that other clients do not get. */
  readonly waitingIngresses: ReadonlySet<string>;
}

export interface StagedPublication {
  readonly publishResult: PublishResult;
  /** Undefined if every client gets the same rules. */
  readonly rollout: RolloutState | undefined;
  /** Whether this sync promoted a candidate, and the comparison that it followed from. */
  readonly promotion: string | undefined;
}

/** Points are stored a little later than they are written, and clocks differ. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Publishes rules as a candidate, and carries out the next step of a roll-out: a larger share, the promotion or the abort.
 * The first publication goes to every client.
 */
export async function publishInStages(
  rules: Rules,
  snapshot: PublishedSnapshot,
  { settings, analytics }: Rollouts,
  context: RolloutContext,
  now: Date,
): Promise<StagedPublication> {
  const digest = computeCandidateDigest(rules);
  const verdict = await judgeRunning(snapshot, digest, settings, analytics);
  const plan = planRollout(snapshot.manifest, digest, verdict, settings, now);
  const publishResult = await carryOut(plan, rules, snapshot, settings, context, now);
  const isPromotion = plan.type === "publish" && plan.isPromotion;
  return {
    publishResult,
    rollout: describeRollout(plan, rules, snapshot, publishResult.snapshot.manifest),
    promotion: isPromotion ? plan.reason : undefined,
  };
}

/** Compares the candidate with the active rules. A failure to read the requests is no verdict. */
async function judgeRunning(
  { manifest }: PublishedSnapshot,
  digest: string,
  { minRequests }: RolloutSettings,
  analytics: Analytics,
): Promise<RolloutVerdict | { readonly type: "unknown"; readonly summary: string }> {
  if (!manifest?.candidate || manifest.candidate.digest !== digest)
    return { type: "unknown", summary: "no candidate is published" };
  const since = Date.parse(manifest.candidate.stageStartedAt) - CLOCK_TOLERANCE_MS;
  try {
    const counts = await analytics.countRequests(new Date(since));
    const { active, candidate } = sumSides(counts, manifest.generation);
    return judgeCandidate(active, candidate, minRequests);
  } catch (error) {
    return { type: "unknown", summary: `the requests are not known: ${errorMessage(error)}` };
  }
}

function carryOut(
  plan: RolloutPlan,
  rules: Rules,
  snapshot: PublishedSnapshot,
  { stages }: RolloutSettings,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  const { account, author, fence } = context;
  const { kv, signer, encryptor } = account;
  switch (plan.type) {
    case "publish":
      return publish(rules, kv, signer, now, encryptor, { author, fence, snapshot });
    case "start":
      return publishCandidate(rules, stages, snapshot, context, now);
    case "advance":
      return publishShare(plan.share, snapshot, context, now);
    case "abort":
      return publishAbort(plan.reason, snapshot, context, now);
    case "wait":
    case "held":
      return keepPublished(snapshot, context, now);
  }
}

function describeRollout(
  plan: RolloutPlan,
  rules: Rules,
  { hosts }: PublishedSnapshot,
  manifest: Manifest | undefined,
): RolloutState | undefined {
  const share = manifest?.candidate?.share ?? 0;
  const waitingIngresses = () => findChangedIngresses(hosts, rules.hosts);
  switch (plan.type) {
    case "publish":
      return undefined;
    case "start":
    case "advance":
      return { type: "running", share, isNews: true, reason: plan.reason, waitingIngresses: waitingIngresses() };
    case "wait":
      return { type: "running", share, isNews: false, reason: plan.reason, waitingIngresses: waitingIngresses() };
    case "abort":
    case "held":
      return {
        type: "aborted",
        share: 0,
        isNews: plan.type === "abort",
        reason: plan.reason,
        waitingIngresses: waitingIngresses(),
      };
  }
}
