import type { HashKey } from "../../src/rules/half-sip-hash.ts";
import { FORMAT, type HostRules, type Manifest, type ManifestAuthor, type Rules } from "../../src/rules/snapshot.ts";
import { countDigests } from "../../src/rules/storage/digest-table.ts";
import { MAX_SHARD_BYTES } from "../../src/rules/storage/shard-text.ts";
import { computeDigest } from "./canonical-json.ts";
import {
  countHostBytes,
  listHostDigests,
  type SerializedShard,
  serializeShards,
  type TokenEncryptor,
} from "./serialize.ts";
import { chooseSegmentCount } from "./storage/filter-segments.ts";
import { readActiveTables } from "./storage/manifest-blobs.ts";
import { planSide, type SidePlan } from "./storage/plan-side.ts";

const TARGET_SHARD_BYTES = 32 * 1024;
/** A table of 1,024 digests has 22 KB in the manifest. */
const MAX_SHARDS = 1024;

// Safe because compiled rules never change.
const cachedDigests = new WeakMap<Rules, string>();

/** The manifest to publish, and its blobs by digest. */
export interface PublicationPlan extends Pick<SidePlan, "shards" | "filters"> {
  readonly manifest: Manifest;
}

/** The namespace and the author of a publication, and the keys of its account. */
export interface PublicationTarget {
  readonly kvNamespaceId: string;
  readonly hashKey: HashKey;
  readonly encryptTokens?: TokenEncryptor | undefined;
  readonly author?: ManifestAuthor | undefined;
}

/** The numbers of blobs of a side. Both sides of a roll-out have the same ones. */
export interface BlobCounts {
  readonly shards: number;
  readonly segments: number;
}

/** Returns the digest of rules, computed from the digests of their hosts. The order of keys does not change it. */
export function computeRulesDigest(rules: Rules): string {
  const { zones, hosts } = rules;
  const digest = cachedDigests.get(rules) ?? computeDigest(JSON.stringify([FORMAT, zones, listHostDigests(hosts)]));
  cachedDigests.set(rules, digest);
  return digest;
}

/**
 * Plans the publication of `rules` as `generation`. Pure: the same rules give the same bytes. Shards contain ciphertext
 * from `encryptTokens`. The digest of the rules covers the tokens instead, so that an unchanged secret causes no write.
 */
export function planPublication(
  rules: Rules,
  previousManifest: Manifest | undefined,
  generation: number,
  now: Date,
  target: PublicationTarget,
): PublicationPlan {
  const counts = chooseBlobCounts(rules.hosts, previousManifest, target);
  const { manifestPart, shards, filters } = planSide(rules.hosts, counts, target);
  const manifest = buildManifest(rules, manifestPart, generation, now, target);
  // Only the controller updates the list, so only it keeps the list.
  const unhealthy = target.author?.command === "sync" ? previousManifest?.unhealthy : undefined;
  return { manifest: { ...manifest, ...(unhealthy && { unhealthy }) }, shards, filters };
}

/** Builds a manifest without a candidate. */
export function buildManifest(
  rules: Rules,
  manifestPart: SidePlan["manifestPart"],
  generation: number,
  now: Date,
  { kvNamespaceId, hashKey, author = {} }: PublicationTarget,
): Manifest {
  return {
    format: FORMAT,
    kvNamespaceId,
    generation,
    digest: computeRulesDigest(rules),
    publishedAt: now.toISOString(),
    author,
    zones: [...rules.zones],
    hashKey: [...hashKey],
    ...manifestPart,
  };
}

/** Chooses the numbers of blobs for some hosts. Keeps those of the previous manifest where possible. */
export function chooseBlobCounts(
  hosts: readonly HostRules[],
  previousManifest: Manifest | undefined,
  { hashKey, encryptTokens }: Pick<PublicationTarget, "hashKey" | "encryptTokens">,
): BlobCounts {
  const previousTables = previousManifest && readActiveTables(previousManifest);
  const count = chooseShardCount(
    countHostBytes(hosts),
    previousTables && countDigests(previousTables.shards),
    MAX_SHARDS,
  );
  return {
    shards: chooseFittingCount(hosts, count, (shardCount) =>
      serializeShards(hosts, shardCount, hashKey, encryptTokens),
    ),
    segments: chooseSegmentCount(hosts.length, previousTables && countDigests(previousTables.hostFilter)),
  };
}

/** Doubles the number of shards while one with several hosts is too large, so that hosts do not compete for a shard. */
function chooseFittingCount(
  hosts: readonly HostRules[],
  count: number,
  serialize: (count: number) => readonly (SerializedShard | undefined)[],
): number {
  const isTooLarge = serialize(count).some(
    (shard) => shard && shard.members.length > 1 && shard.bytes > MAX_SHARD_BYTES,
  );
  return isTooLarge && count < MAX_SHARDS ? chooseFittingCount(hosts, count * 2, serialize) : count;
}

/**
 * Returns the power of two that brings shards nearest to 32 KiB. Keeps the previous count if shards stay within a factor
 * of four of that size, because another count rewrites every shard.
 */
export function chooseShardCount(bytes: number, previousCount: number | undefined, maxCount = 4096): number {
  if (
    previousCount !== undefined &&
    bytes > (previousCount * TARGET_SHARD_BYTES) / 4 &&
    bytes < previousCount * TARGET_SHARD_BYTES * 4
  ) {
    return previousCount;
  }
  const exponent = Math.round(Math.log2(Math.max(1, bytes / TARGET_SHARD_BYTES)));
  return Math.min(maxCount, 2 ** exponent);
}
