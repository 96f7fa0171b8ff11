import { computeShardIndex } from "../../src/rules/kv-keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { computeDigest, toCanonicalJson } from "./canonical-json.ts";

/** Canonical JSON of a host's rules, with tokens in place of ciphertext, and its digest. */
export interface SerializedHost {
  readonly text: string;
  readonly digest: string;
}

export interface SerializedShard {
  readonly bytes: string;
  readonly digest: string;
}

/** Replaces the tokens in a text with ciphertext. The same function returns the same bytes for the same text. */
export type TokenEncryptor = (text: string) => string;

interface CachedShard extends SerializedShard {
  readonly members: readonly HostRules[];
  readonly encryptTokens: TokenEncryptor;
}

// Safe because compiled rules never change.
const cachedHosts = new WeakMap<HostRules, SerializedHost>();
const cachedShards = new WeakMap<HostRules, CachedShard>(); // by a shard's first host

export function serializeHost(rules: HostRules): SerializedHost {
  const cached = cachedHosts.get(rules);
  if (cached) return cached;
  const text = toCanonicalJson(rules);
  const serializedHost = { text, digest: computeDigest(text) };
  cachedHosts.set(rules, serializedHost);
  return serializedHost;
}

/** Returns the content of each of `count` shards. A shard without hosts is undefined. */
export function serializeShards(
  hosts: readonly HostRules[],
  count: number,
  encryptTokens: TokenEncryptor,
): (SerializedShard | undefined)[] {
  const members = Array.from({ length: count }, (): HostRules[] => []);
  for (const host of hosts) members[computeShardIndex(host.host, count)]?.push(host);
  return members.map((shardHosts) => {
    const [firstHost] = shardHosts;
    return firstHost && serializeShard(firstHost, shardHosts, encryptTokens);
  });
}

function serializeShard(
  firstHost: HostRules,
  members: readonly HostRules[],
  encryptTokens: TokenEncryptor,
): SerializedShard {
  const cached = cachedShards.get(firstHost);
  if (cached && cached.encryptTokens === encryptTokens && haveSameHosts(cached.members, members)) return cached;
  // The canonical JSON of a Shard.
  const bytes = encryptTokens(`{"hosts":[${members.map((member) => serializeHost(member).text).join(",")}]}`);
  const serializedShard = { members, encryptTokens, bytes, digest: computeDigest(bytes) };
  cachedShards.set(firstHost, serializedShard);
  return serializedShard;
}

function haveSameHosts(a: readonly HostRules[], b: readonly HostRules[]): boolean {
  return a.length === b.length && a.every((rules, index) => rules === b[index]);
}
