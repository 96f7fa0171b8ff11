import type { ManifestAuthor, Rules } from "../../../src/rules/snapshot.ts";
import type { Account } from "../account.ts";
import { type PublishBase, readPublishBase } from "../conflict-check.ts";
import type { WriteFence } from "../guard/write-fence.ts";
import { computeRulesDigest } from "../plan-publication.ts";
import type { PublishResult } from "../publish.ts";
import type { NewestGeneration, PublishedSnapshot } from "../read-published.ts";
import { type ManifestTarget, writeManifest } from "../write-manifest.ts";
import { abortCandidate, changeShare, type RolloutStepTarget } from "./rollout-manifest.ts";
import { stageCandidate } from "./stage-candidate.ts";

/** The account, the author and the fence of a step of a roll-out. */
export interface RolloutContext {
  readonly account: Account;
  readonly author: ManifestAuthor;
  readonly fence: WriteFence;
}

// An Ingress that does not fit into its shard is closed, which changes the digest. Compiled rules never change.
const candidateDigests = new WeakMap<Rules, string>();

/** Returns the digest that rules have, or had, as a candidate. */
export function computeCandidateDigest(rules: Rules): string {
  return candidateDigests.get(rules) ?? computeRulesDigest(rules);
}

/** Publishes rules as the candidate for the first of the shares. Rejects if nothing is published. */
export async function publishCandidate(
  rules: Rules,
  stages: readonly number[],
  snapshot: PublishedSnapshot,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  const target = { ...(await readTarget(snapshot, context, now)), encryptor: context.account.encryptor };
  if (snapshot.missingShards.length > 0)
    throw new Error(
      `published rules are incomplete in KV: ${snapshot.missingShards.length} parts are missing. Publish without --stage`,
    );
  const { writes, bytes, activeHosts, closedIngresses, ...written } = await stageCandidate(rules, stages, target, now);
  if (written.manifest.candidate) candidateDigests.set(rules, written.manifest.candidate.digest);
  return buildStepResult(written, { hosts: activeHosts }, { writes, bytes, closedIngresses });
}

/** Gives the published candidate to another share of clients. */
export async function publishShare(
  share: number,
  snapshot: PublishedSnapshot,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  return buildStepResult(await changeShare(share, await readTarget(snapshot, context, now), now), snapshot);
}

/** Ends the roll-out with the active rules. */
export async function publishAbort(
  reason: string,
  snapshot: PublishedSnapshot,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  const target = await readTarget(snapshot, context, now);
  return buildStepResult(await abortCandidate({ by: "the controller", reason }, target, now), snapshot);
}

/** Writes nothing, unless `current` is not the newest generation, because a publication was interrupted. */
export async function keepPublished(
  snapshot: PublishedSnapshot,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  const target = await readTarget(snapshot, context, now);
  const { manifest } = snapshot;
  if (!manifest || target.base.isCurrent) return buildResult(snapshot, { writes: 0, bytes: 0, hasChanged: false });
  const { generation: _, publishedAt: _publishedAt, ...content } = manifest;
  return buildStepResult(await writeManifest({ ...content, author: context.author }, target, now), snapshot);
}

async function readTarget(
  snapshot: PublishedSnapshot,
  { account: { kv, signer }, author, fence }: RolloutContext,
  now: Date,
): Promise<RolloutStepTarget> {
  const base: PublishBase = await readPublishBase(kv, signer, now, snapshot);
  return { kv, signer, base, fence, author } satisfies ManifestTarget & { author: ManifestAuthor };
}

function buildStepResult(
  written: NewestGeneration,
  { hosts }: Pick<PublishedSnapshot, "hosts">,
  changes: Partial<Pick<PublishResult, "writes" | "bytes" | "closedIngresses">> = {},
): PublishResult {
  const bytes = 2 * (written.currentBytes?.length ?? 0);
  return buildResult({ ...written, hosts, missingShards: [] }, { writes: 2, bytes, hasChanged: true, ...changes });
}

function buildResult(
  snapshot: PublishedSnapshot,
  changes: Pick<PublishResult, "writes" | "bytes" | "hasChanged"> & Partial<PublishResult>,
): PublishResult {
  const { generation = 0, digest = "" } = snapshot.manifest ?? {};
  return { generation, digest, warnings: [], closedIngresses: [], snapshot, ...changes };
}
