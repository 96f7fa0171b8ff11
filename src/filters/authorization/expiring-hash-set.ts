import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const MAX_ENTRIES = 1000;

/** A set of texts, stored as keyed hashes with an expiry. */
export interface ExpiringHashSet {
  has(text: string, now: number): boolean;
  add(text: string, now: number): void;
}

export function createExpiringHashSet(ttlMs: number): ExpiringHashSet {
  const expiries = new Map<string, number>();
  let key: Uint8Array | undefined; // created late, because workerd has no randomness before the first request
  const hashText = (text: string) => {
    key ??= crypto.getRandomValues(new Uint8Array(32));
    return bytesToHex(hmac(sha256, key, utf8ToBytes(text)));
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
