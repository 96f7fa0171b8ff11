import type { HashKey } from "../../src/rules/half-sip-hash.ts";
import { buildHostFilter } from "../../src/rules/host-filter.ts";
import {
  FORMAT,
  type HostRules,
  type Manifest,
  type ManifestAuthor,
  type ManifestCounts,
  type Rules,
} from "../../src/rules/snapshot.ts";
import { createMemo } from "../incremental/memo.ts";
import { computeDigest } from "./canonical-json.ts";
import { findRoutedIngresses } from "./guard/changed-ingresses.ts";
import { countHostRoutes } from "./guard/removals.ts";
import { MAX_SHARD_BYTES } from "./kv-limits.ts";
import {
  type SerializedHost,
  type SerializedShard,
  serializeHosts,
  serializeShards,
  type TokenEncryptor,
} from "./serialize.ts";

const TARGET_SHARD_BYTES = 32 * 1024;
const MAX_SHARDS = 4096;

// Safe because compiled rules never change.
const cachedDigests = new WeakMap<Rules, string>();

/** The manifest to publish, and its shards. */
export interface PublicationPlan {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, string>; // bytes by digest
}

/** The namespace and the author of a publication, and the keys of its account. */
export interface PublicationTarget {
  readonly kvNamespaceId: string;
  readonly hashKey: HashKey;
  readonly encryptTokens?: TokenEncryptor | undefined;
  readonly author?: ManifestAuthor | undefined;
}

// Built again only if a host comes or goes.
const rememberHostFilter = createMemo<string>();

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
  { kvNamespaceId, hashKey, encryptTokens = keepTokens, author = {} }: PublicationTarget,
): PublicationPlan {
  const bytes = serializeHosts(rules.hosts).reduce((sum, host) => sum + countBytes(host), 0);
  const count = chooseShardCount(bytes, previousManifest?.shards.length);
  const shards = serializeFittingShards(rules.hosts, count, hashKey, encryptTokens);
  const names = rules.hosts.map(({ host }) => host);
  const manifest: Manifest = {
    format: FORMAT,
    kvNamespaceId,
    generation,
    digest: computeRulesDigest(rules),
    publishedAt: now.toISOString(),
    author,
    counts: countRules(rules.hosts, shards),
    zones: [...rules.zones],
    hashKey: [...hashKey],
    hostFilter: rememberHostFilter([...hashKey, names], () => encodeHostFilter(names, hashKey)),
    shards: shards.map((shard) => shard?.digest ?? null),
  };
  return { manifest, shards: new Map(shards.flatMap((shard) => (shard ? [[shard.digest, shard.bytes]] : []))) };
}

function countRules(hosts: readonly HostRules[], shards: readonly (SerializedShard | undefined)[]): ManifestCounts {
  return {
    hosts: hosts.length,
    routes: countHostRoutes(hosts),
    ingresses: [...findRoutedIngresses(hosts)].filter((name) => name !== "").length,
    bytes: shards.reduce((sum, shard) => sum + (shard ? Buffer.byteLength(shard.bytes) : 0), 0),
  };
}

function encodeHostFilter(names: readonly string[], hashKey: HashKey): string {
  return Buffer.from(buildHostFilter(names, hashKey)).toString("base64");
}

function countBytes({ text, settings }: SerializedHost): number {
  return settings.reduce((sum, entry) => sum + entry.text.length, text.length);
}

/** Doubles the number of shards while one with several hosts is too large, so that hosts do not compete for a shard. */
function serializeFittingShards(
  hosts: readonly HostRules[],
  count: number,
  hashKey: HashKey,
  encryptTokens: TokenEncryptor,
): (SerializedShard | undefined)[] {
  const shards = serializeShards(hosts, count, hashKey, encryptTokens);
  const isTooLarge = shards.some(
    (shard) => shard && shard.hostCount > 1 && Buffer.byteLength(shard.bytes) > MAX_SHARD_BYTES,
  );
  return isTooLarge && count < MAX_SHARDS ? serializeFittingShards(hosts, count * 2, hashKey, encryptTokens) : shards;
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
