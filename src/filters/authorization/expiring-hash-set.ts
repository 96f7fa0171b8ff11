import { type HashKey, halfSipHash } from "../../rules/half-sip-hash.ts";

const MAX_ENTRIES = 1000;

/** A set of byte strings, stored as keyed hashes with an expiry. */
export interface ExpiringHashSet {
  has(text: string, now: number): boolean;
  add(text: string, now: number): void;
}

export function createExpiringHashSet(ttlMs: number): ExpiringHashSet {
  const expiries = new Map<string, number>();
  let keys: readonly [HashKey, HashKey] | undefined; // created late: workerd has no randomness before the first request
  // 64 bits under secret keys, which no response shows: with 1,000 entries, a guess succeeds once in 2^54 requests.
  const hashText = (text: string) => {
    keys ??= [createHashKey(), createHashKey()];
    return `${halfSipHash(keys[0], text)} ${halfSipHash(keys[1], text)}`;
  };
  return {
    has(text, now) {
      return (expiries.get(hashText(text)) ?? 0) > now;
    },
    add(text, now) {
      const hash = hashText(text);
      expiries.delete(hash); // so that the oldest is first
      expiries.set(hash, now + ttlMs);
      const [oldestHash] = expiries.keys();
      if (expiries.size > MAX_ENTRIES && oldestHash !== undefined) expiries.delete(oldestHash);
    },
  };
}

function createHashKey(): HashKey {
  const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [low, high];
}
