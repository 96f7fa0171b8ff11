import { FORMAT, type Manifest, type Rules } from "../../src/rules/snapshot.ts";
import { digestOf } from "./canonical.ts";
import { type Sealed, shardsOf, textOf } from "./texts.ts";

const MEAN_SHARD_BYTES = 32 * 1024;
const MOST_SHARDS = 4096;

// As with the texts of hosts: rules are never changed once they are made.
const digests = new WeakMap<Rules, string>();

/** What a publication writes: the manifest, and the shards that it names. */
export interface Publication {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, string>; // bytes by digest
}

/** The digest by which rules are told apart, made of those of hosts: equal rules have the same, whatever the order of keys. */
export function rulesDigest(rules: Rules): string {
  const { zones, hosts } = rules;
  const digest =
    digests.get(rules) ?? digestOf(JSON.stringify([FORMAT, zones, hosts.map((host) => textOf(host).digest)]));
  digests.set(rules, digest);
  return digest;
}

/**
 * What to publish for `rules` as `generation`, after `previous`. Pure: the same rules give the same bytes. Shards get their
 * ciphertext from `sealed`; the rules' digest is of the tokens in its place, so that secrets that did not change are not
 * written anew.
 */
export function plan(
  rules: Rules,
  previous: Manifest | undefined,
  generation: number,
  now: Date,
  sealed: Sealed = unsealed,
): Publication {
  const bytes = rules.hosts.reduce((sum, host) => sum + textOf(host).text.length, 0);
  const shards = shardsOf(rules.hosts, shardCount(bytes, previous?.shards.length), sealed);
  const manifest: Manifest = {
    format: FORMAT,
    generation,
    digest: rulesDigest(rules),
    publishedAt: now.toISOString(),
    zones: [...rules.zones],
    shards: shards.map((shard) => shard?.digest ?? null),
  };
  return { manifest, shards: new Map(shards.flatMap((shard) => (shard ? [[shard.digest, shard.bytes]] : []))) };
}

function unsealed(text: string): string {
  return text;
}

/**
 * The power of two that brings shards nearest to 32 KiB. One that is within a factor of four is kept, since another number
 * means that every shard is written anew.
 */
export function shardCount(bytes: number, previous: number | undefined): number {
  if (previous !== undefined && bytes > (previous * MEAN_SHARD_BYTES) / 4 && bytes < previous * MEAN_SHARD_BYTES * 4) {
    return previous;
  }
  const wanted = Math.round(Math.log2(Math.max(1, bytes / MEAN_SHARD_BYTES)));
  return Math.min(MOST_SHARDS, 2 ** wanted);
}
