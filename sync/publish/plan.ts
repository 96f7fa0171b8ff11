import { createHash } from "node:crypto";
import { stringify } from "safe-stable-stringify";
import { shardOf } from "../../src/rules/keys.ts";
import { FORMAT, type HostRules, type Manifest, type Rules, type Shard } from "../../src/rules/snapshot.ts";

const MEAN_SHARD_BYTES = 32 * 1024;
const MOST_SHARDS = 4096;

/** What a publication writes: the manifest, and the shards that it names. */
export interface Publication {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, string>; // bytes by digest
}

/** The digest by which rules are told apart: equal rules have the same, whatever the order of anything. */
export function rulesDigest({ zones, hosts }: Rules): string {
  return digestOf(canonical({ format: FORMAT, zones, hosts }));
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
  sealed: (bytes: string) => string = (bytes) => bytes,
): Publication {
  const texts = rules.hosts.map((host) => canonical(host).length);
  const bytes = texts.reduce((sum, length) => sum + length, 0);
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

export function digestOf(bytes: string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** JSON with keys in order, so that equal values have equal bytes. */
export function canonical(value: unknown): string {
  return stringify(value) ?? "null";
}

function shardsOf(
  hosts: readonly HostRules[],
  count: number,
  sealed: (bytes: string) => string,
): ({ digest: string; bytes: string } | undefined)[] {
  const members = Array.from({ length: count }, (): HostRules[] => []);
  for (const host of hosts) members[shardOf(host.host, count)]?.push(host);
  return members.map((ofShard) => {
    if (ofShard.length === 0) return undefined;
    const bytes = sealed(canonical({ hosts: ofShard } satisfies Shard));
    return { digest: digestOf(bytes), bytes };
  });
}
