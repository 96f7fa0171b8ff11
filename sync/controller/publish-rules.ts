import type { ManifestAuthor, Rules } from "../../src/rules/snapshot.ts";
import type { HealthChecks } from "../health-checks/health-checks.ts";
import type { Account } from "../publish/account.ts";
import { readPublishBase } from "../publish/conflict-check.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import type { Pin } from "../publish/history/pin.ts";
import { republish } from "../publish/history/republish.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import { hasOtherHealth, publishHealth } from "../publish/publish-health.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import { publishInStages, type Rollouts, type StagedPublication } from "../publish/rollout/publish-in-stages.ts";

interface RulesDependencies {
  readonly account: Account;
  readonly author: ManifestAuthor;
  readonly rollouts?: Rollouts | undefined;
  readonly healthChecks?: HealthChecks | undefined;
}

/** The outcome of a sync by the leader. */
export type OutcomeType = "published" | "unchanged" | "pinned" | "staged" | "aborted";

/** Returns the rules whose origins need records: those of both sides, if changes are published in stages. */
export function selectServedRules(rules: Rules, { manifest, hosts }: PublishedSnapshot, hasStages: boolean): Rules {
  if (manifest?.rollback) return { ...rules, hosts };
  return hasStages && manifest ? { ...rules, hosts: [...rules.hosts, ...hosts] } : rules;
}

/** Publishes the rules to every client or in stages, or keeps those that a rollback pinned. */
export async function publishRules(
  dependencies: RulesDependencies,
  rules: Rules,
  snapshot: PublishedSnapshot,
  pin: Pin | undefined,
  fence: WriteFence,
  now: Date,
): Promise<StagedPublication> {
  const publication = await publishCompiled(dependencies, rules, snapshot, pin, fence, now);
  return pin ? publication : publishHealthChanges(dependencies, publication, fence, now);
}

/** Publishes the addresses that became healthy or unhealthy, unless this sync has published already. */
async function publishHealthChanges(
  { account, author, healthChecks }: RulesDependencies,
  publication: StagedPublication,
  fence: WriteFence,
  now: Date,
): Promise<StagedPublication> {
  const { publishResult } = publication;
  const { snapshot } = publishResult;
  healthChecks?.update(snapshot.hosts, snapshot.manifest?.unhealthy);
  const unhealthy = healthChecks?.readUnhealthy();
  if (!healthChecks || !hasOtherHealth(snapshot, unhealthy)) return publication;
  const { publications } = healthChecks;
  if (!publications.isDue() || publishResult.hasChanged) {
    publications.request();
    return publication;
  }
  const context = { account, author, fence, lastHealthGeneration: publications.lastGeneration() };
  const published = await publishHealth(unhealthy, snapshot, context, now);
  const { generation = publishResult.generation } = published.manifest ?? {};
  publications.markPublished(generation);
  const bytes = publishResult.bytes + 2 * (published.currentBytes?.length ?? 0);
  const writes = publishResult.writes + 2;
  return { ...publication, publishResult: { ...publishResult, snapshot: published, generation, writes, bytes } };
}

async function publishCompiled(
  dependencies: RulesDependencies,
  rules: Rules,
  snapshot: PublishedSnapshot,
  pin: Pin | undefined,
  fence: WriteFence,
  now: Date,
): Promise<StagedPublication> {
  const { account, author, rollouts } = dependencies;
  if (!pin && rollouts) return publishInStages(rules, snapshot, rollouts, { account, author, fence }, now);
  const { kv, signer, encryptor } = account;
  const publishResult = pin
    ? await keepPinned(dependencies, snapshot, fence, now)
    : await publish(rules, kv, signer, now, encryptor, { author, fence, snapshot });
  return { publishResult, rollout: undefined, promotion: undefined };
}

/** Returns the word for the outcome of a sync. */
export function findOutcomeType({ publishResult, rollout }: StagedPublication, pin: Pin | undefined): OutcomeType {
  if (pin) return "pinned";
  if (!publishResult.hasChanged) return "unchanged";
  if (!rollout) return "published";
  return rollout.type === "running" ? "staged" : "aborted";
}

/**
 * Keeps the pinned rules published. It writes only if `current` is not the newest generation, because a rollback was
 * interrupted. Then the same rules get a new number, and stay pinned. Rejects if a shard of them is missing, because the
 * cluster has other rules.
 */
async function keepPinned(
  { account: { kv, signer }, author }: { readonly account: Account; readonly author: ManifestAuthor },
  snapshot: PublishedSnapshot,
  fence: WriteFence,
  now: Date,
): Promise<PublishResult> {
  const base = await readPublishBase(kv, signer, now, snapshot);
  const { manifest, hosts, missingShards } = snapshot;
  if (!manifest) throw new Error("no generation is pinned");
  if (missingShards.length > 0)
    throw new Error(
      `generation ${manifest.generation} is pinned and incomplete: ${missingShards.length} shards are missing. Run \`edgress resume\``,
    );
  if (base.isCurrent) return buildResult(snapshot, manifest, 0, 0);
  const pin = { author, rollback: manifest.rollback };
  const repaired = await republish({ manifest, hosts }, pin, { kv, signer, base, fence }, now);
  return buildResult(repaired, repaired.manifest, 2, 2 * (repaired.currentBytes?.length ?? 0));
}

function buildResult(
  snapshot: PublishedSnapshot,
  { generation, digest }: { readonly generation: number; readonly digest: string },
  writes: number,
  bytes: number,
): PublishResult {
  return { generation, digest, hasChanged: false, writes, bytes, warnings: [], closedIngresses: [], snapshot };
}
