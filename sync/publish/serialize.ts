import { computeShardIndex } from "../../src/rules/kv-keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { computeDigest, toCanonicalJson } from "./canonical-json.ts";

/** A host's rules as they are published, but for tokens in the place of ciphertext; and their digest. */
export interface SerializedHost {
  readonly text: string;
  readonly digest: string;
}

export interface SerializedShard {
  readonly bytes: string;
  readonly digest: string;
}

/** Puts ciphertext in place of the tokens in a text: of the same text the same function makes the same. */
export type TokenEncryptor = (text: string) => string;

interface CachedShard extends SerializedShard {
  readonly members: readonly HostRules[];
  readonly encryptTokens: TokenEncryptor;
}

// Rules are never changed once they are made, so what was made of them holds for as long as they live.
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

/** What lies in each of `count` shards; nothing where no host hashes to it. */
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
  // The canonical text of a Shard.
  const bytes = encryptTokens(`{"hosts":[${members.map((member) => serializeHost(member).text).join(",")}]}`);
  const serializedShard = { members, encryptTokens, bytes, digest: computeDigest(bytes) };
  cachedShards.set(firstHost, serializedShard);
  return serializedShard;
}

function haveSameHosts(a: readonly HostRules[], b: readonly HostRules[]): boolean {
  return a.length === b.length && a.every((rules, index) => rules === b[index]);
}
