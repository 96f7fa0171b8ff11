import { FORMAT, type Manifest, type Rules } from "../../src/rules/snapshot.ts";
import { computeDigest } from "./canonical-json.ts";
import { serializeHost, serializeShards, type TokenEncryptor } from "./serialize.ts";

const TARGET_SHARD_BYTES = 32 * 1024;
const MAX_SHARDS = 4096;

// As with the texts of hosts: rules are never changed once they are made.
const cachedDigests = new WeakMap<Rules, string>();

/** What a publication writes: the manifest, and the shards that it names. */
export interface PublicationPlan {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, string>; // bytes by digest
}

/** The digest by which rules are told apart, made of those of hosts: equal rules have the same, whatever the order of keys. */
export function computeRulesDigest(rules: Rules): string {
  const { zones, hosts } = rules;
  const digest =
    cachedDigests.get(rules) ??
    computeDigest(JSON.stringify([FORMAT, zones, hosts.map((host) => serializeHost(host).digest)]));
  cachedDigests.set(rules, digest);
  return digest;
}

/**
 * What to publish for `rules` as `generation`, after `previous`. Pure: the same rules give the same bytes. Shards get their
 * ciphertext from `sealed`; the rules' digest is of the tokens in its place, so that secrets that did not change are not
 * written anew.
 */
export function planPublication(
  rules: Rules,
  previousManifest: Manifest | undefined,
  generation: number,
  now: Date,
  encryptTokens: TokenEncryptor = keepTokens,
): PublicationPlan {
  const bytes = rules.hosts.reduce((sum, host) => sum + serializeHost(host).text.length, 0);
  const shards = serializeShards(rules.hosts, chooseShardCount(bytes, previousManifest?.shards.length), encryptTokens);
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

function keepTokens(text: string): string {
  return text;
}

/**
 * The power of two that brings shards nearest to 32 KiB. One that is within a factor of four is kept, since another number
 * means that every shard is written anew.
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
