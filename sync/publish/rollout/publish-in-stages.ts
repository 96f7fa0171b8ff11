import { errorMessage } from "../../../src/rules/error-message.ts";
import type { Manifest, ManifestAuthor, Rules } from "../../../src/rules/snapshot.ts";
import type { Analytics } from "../../cloudflare/analytics.ts";
import type { Account } from "../account.ts";
import { readPublishBase } from "../conflict-check.ts";
import { findChangedIngresses } from "../guard/changed-ingresses.ts";
import type { WriteFence } from "../guard/write-fence.ts";
import { computeRulesDigest } from "../plan-publication.ts";
import { buildUnchangedResult, type PublishResult, publish } from "../publish.ts";
import type { PublishedSnapshot } from "../read-published.ts";
import { writeManifest } from "../write-manifest.ts";
import type { RolloutSettings } from "./decide.ts";
import { abortCandidate } from "./end-rollout.ts";
import { judgeCandidate, type RolloutVerdict, sumSides } from "./judge.ts";
import { planRollout, type RolloutPlan } from "./plan-rollout.ts";

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

interface PublishContext {
  readonly account: Account;
  readonly author: ManifestAuthor;
  readonly fence: WriteFence;
}

/** Points are stored a little later than they are written, and clocks differ. */
const CLOCK_TOLERANCE_MS = 60_000;
const CONTROLLER = "the controller";

/**
 * Publishes rules as a candidate, and carries out the next step of a roll-out: a larger share, the promotion or the abort.
 * The first publication goes to every client.
 */
export async function publishInStages(
  rules: Rules,
  snapshot: PublishedSnapshot,
  { settings, analytics }: Rollouts,
  { account, author, fence }: PublishContext,
  now: Date,
): Promise<StagedPublication> {
  const digest = computeRulesDigest(rules);
  const verdict = await judgeRunning(snapshot, digest, settings, analytics);
  const plan = planRollout(snapshot.manifest, digest, verdict, settings, now);
  const context = { account, author, fence };
  const publishResult = await carryOut(plan, rules, snapshot, context, now);
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
  context: PublishContext,
  now: Date,
): Promise<PublishResult> {
  const { account, author, fence } = context;
  const { kv, signer, encryptor } = account;
  switch (plan.type) {
    case "publish":
      return publish(rules, kv, signer, now, encryptor, { author, fence, snapshot });
    case "stage":
      return publish(rules, kv, signer, now, encryptor, { author, fence, snapshot, stage: plan.stage });
    case "wait":
      return publish(rules, kv, signer, now, encryptor, {
        author,
        fence,
        snapshot,
        stage: snapshot.manifest?.candidate,
      });
    case "abort":
      return rewrite(snapshot, context, now, true, plan.reason);
    case "held":
      return rewrite(snapshot, context, now, false, plan.reason);
  }
}

/** Aborts the candidate, or writes the same manifest again if `current` is not the newest generation. */
async function rewrite(
  snapshot: PublishedSnapshot,
  { account: { kv, signer }, author, fence }: PublishContext,
  now: Date,
  isAbort: boolean,
  reason: string,
): Promise<PublishResult> {
  const base = await readPublishBase(kv, signer, now, snapshot);
  const { manifest } = snapshot;
  if (!manifest || (!isAbort && base.isCurrent)) return buildUnchangedResult(snapshot);
  const target = { kv, signer, base, fence };
  const written = isAbort
    ? await abortCandidate(manifest, { author, by: CONTROLLER, reason }, target, now)
    : await writeManifest({ ...manifest, author }, target, now);
  const rewritten = buildUnchangedResult({ ...snapshot, ...written });
  return { ...rewritten, hasChanged: true, writes: 2, bytes: 2 * (written.currentBytes?.length ?? 0) };
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
    case "stage":
      // Without an earlier publication, the candidate went to every client.
      return (
        manifest?.candidate && {
          type: "running",
          share,
          isNews: true,
          reason: plan.reason,
          waitingIngresses: waitingIngresses(),
        }
      );
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
