import { hashHost } from "../../src/rules/kv-keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { isSameList } from "../incremental/memo.ts";
import { memoize } from "../incremental/memoize.ts";
import { computeDigest, toCanonicalJson } from "./canonical-json.ts";

/** Canonical JSON of a host's rules, with tokens in place of ciphertext, and its digest. */
export interface SerializedHost {
  readonly text: string;
  readonly digest: string;
  readonly hash: number; // of the host's name: it selects the shard
}

export interface SerializedShard {
  readonly bytes: string;
  readonly digest: string;
  readonly hostCount: number;
}

/** Replaces the tokens in a text with ciphertext. The same function returns the same bytes for the same text. */
export type TokenEncryptor = (text: string) => string;

interface CachedShard extends SerializedShard {
  readonly members: readonly SerializedHost[];
  readonly encryptTokens: TokenEncryptor;
}

// Safe because compiled rules never change.
const serializeHost = memoize((rules: HostRules): SerializedHost => {
  const text = toCanonicalJson(rules);
  return { text, digest: computeDigest(text), hash: hashHost(rules.host) };
});
const cachedShards = new WeakMap<SerializedHost, CachedShard>(); // by a shard's first host

/** Serializes the hosts of a list. The same list has the same result, because a sync needs it several times. */
export const serializeHosts = memoize((hosts: readonly HostRules[]): readonly SerializedHost[] =>
  hosts.map(serializeHost),
);

/** Returns the content of each of `count` shards. A shard without hosts is undefined. */
export function serializeShards(
  hosts: readonly HostRules[],
  count: number,
  encryptTokens: TokenEncryptor,
): (SerializedShard | undefined)[] {
  const members = Array.from({ length: count }, (): SerializedHost[] => []);
  for (const host of serializeHosts(hosts)) members[host.hash & (count - 1)]?.push(host);
  return members.map((shardHosts) => {
    const [firstHost] = shardHosts;
    return firstHost && serializeShard(firstHost, shardHosts, encryptTokens);
  });
}

function serializeShard(
  firstHost: SerializedHost,
  members: readonly SerializedHost[],
  encryptTokens: TokenEncryptor,
): SerializedShard {
  const cached = cachedShards.get(firstHost);
  if (cached && cached.encryptTokens === encryptTokens && isSameList(cached.members, members)) return cached;
  // The canonical JSON of a Shard.
  const bytes = encryptTokens(`{"hosts":[${members.map(({ text }) => text).join(",")}]}`);
  const serializedShard = { members, encryptTokens, bytes, digest: computeDigest(bytes), hostCount: members.length };
  cachedShards.set(firstHost, serializedShard);
  return serializedShard;
}
