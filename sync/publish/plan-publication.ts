import { FORMAT, type HostRules, type Manifest, type Rules } from "../../src/rules/snapshot.ts";
import { computeDigest } from "./canonical-json.ts";
import { MAX_SHARD_BYTES } from "./kv-limits.ts";
import { type SerializedShard, serializeHosts, serializeShards, type TokenEncryptor } from "./serialize.ts";

const TARGET_SHARD_BYTES = 32 * 1024;
const MAX_SHARDS = 4096;

// Safe because compiled rules never change.
const cachedDigests = new WeakMap<Rules, string>();

/** The manifest to publish, and its shards. */
export interface PublicationPlan {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, string>; // bytes by digest
}

/** Returns the digest of rules, computed from the digests of their hosts. The order of keys does not change it. */
export function computeRulesDigest(rules: Rules): string {
  const { zones, hosts } = rules;
  const digest =
    cachedDigests.get(rules) ??
    computeDigest(JSON.stringify([FORMAT, zones, serializeHosts(hosts).map((host) => host.digest)]));
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
  encryptTokens: TokenEncryptor = keepTokens,
): PublicationPlan {
  const bytes = serializeHosts(rules.hosts).reduce((sum, { text }) => sum + text.length, 0);
  const count = chooseShardCount(bytes, previousManifest?.shards.length);
  const shards = serializeFittingShards(rules.hosts, count, encryptTokens);
  const manifest: Manifest = {
    format: FORMAT,
    generation,
    digest: computeRulesDigest(rules),
    publishedAt: now.toISOString(),
    zones: [...rules.zones],
    shards: shards.map((shard) => shard?.digest ?? null),
  };
  return { manifest, shards: new Map(shards.flatMap((shard) => (shard ? [[shard.digest, shard.bytes]] : []))) };
}

/** Doubles the number of shards while one with several hosts is too large, so that hosts do not compete for a shard. */
function serializeFittingShards(
  hosts: readonly HostRules[],
  count: number,
  encryptTokens: TokenEncryptor,
): (SerializedShard | undefined)[] {
  const shards = serializeShards(hosts, count, encryptTokens);
  const isTooLarge = shards.some(
    (shard) => shard && shard.hostCount > 1 && Buffer.byteLength(shard.bytes) > MAX_SHARD_BYTES,
  );
  return isTooLarge && count < MAX_SHARDS ? serializeFittingShards(hosts, count * 2, encryptTokens) : shards;
}

function keepTokens(text: string): string {
  return text;
}

/**
 * Returns the power of two that brings shards nearest to 32 KiB. Keeps the previous count if shards stay within a factor
 * of four of that size, because another count rewrites every shard.
 */
export function chooseShardCount(bytes: number, previousCount: number | undefined): number {
  if (
    previousCount !== undefined &&
    bytes > (previousCount * TARGET_SHARD_BYTES) / 4 &&
    bytes < previousCount * TARGET_SHARD_BYTES * 4
  ) {
    return previousCount;
  }
  const exponent = Math.round(Math.log2(Math.max(1, bytes / TARGET_SHARD_BYTES)));
  return Math.min(MAX_SHARDS, 2 ** exponent);
}
