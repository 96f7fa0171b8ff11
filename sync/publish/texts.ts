import { shardOf } from "../../src/rules/keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { canonical, digestOf } from "./canonical.ts";

/** A host's rules as they are published, but for tokens in the place of ciphertext; and their digest. */
export interface HostText {
  readonly text: string;
  readonly digest: string;
}

export interface ShardText {
  readonly bytes: string;
  readonly digest: string;
}

/** Puts ciphertext in place of the tokens in a text: of the same text the same function makes the same. */
export type Sealed = (text: string) => string;

interface KeptShard extends ShardText {
  readonly members: readonly HostRules[];
  readonly sealed: Sealed;
}

// Rules are never changed once they are made, so what was made of them holds for as long as they live.
const texts = new WeakMap<HostRules, HostText>();
const shards = new WeakMap<HostRules, KeptShard>(); // by a shard's first host

export function textOf(rules: HostRules): HostText {
  const kept = texts.get(rules);
  if (kept) return kept;
  const text = canonical(rules);
  const made = { text, digest: digestOf(text) };
  texts.set(rules, made);
  return made;
}

/** What lies in each of `count` shards; nothing where no host hashes to it. */
export function shardsOf(hosts: readonly HostRules[], count: number, sealed: Sealed): (ShardText | undefined)[] {
  const members = Array.from({ length: count }, (): HostRules[] => []);
  for (const host of hosts) members[shardOf(host.host, count)]?.push(host);
  return members.map((ofShard) => {
    const [first] = ofShard;
    return first && shardText(first, ofShard, sealed);
  });
}

function shardText(first: HostRules, members: readonly HostRules[], sealed: Sealed): ShardText {
  const kept = shards.get(first);
  if (kept && kept.sealed === sealed && isSame(kept.members, members)) return kept;
  // The canonical text of a Shard.
  const bytes = sealed(`{"hosts":[${members.map((member) => textOf(member).text).join(",")}]}`);
  const made = { members, sealed, bytes, digest: digestOf(bytes) };
  shards.set(first, made);
  return made;
}

function isSame(a: readonly HostRules[], b: readonly HostRules[]): boolean {
  return a.length === b.length && a.every((rules, index) => rules === b[index]);
}
