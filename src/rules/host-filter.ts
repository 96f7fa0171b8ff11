import { type HashKey, halfSipHash } from "./half-sip-hash.ts";

/** A Bloom filter of the published host names: it never misses a host, and reports about 1 of 3,000,000 others. */
export interface HostFilter {
  mayContain(host: string): boolean;
}

const BITS_PER_HOST = 32;
const HASH_COUNT = 16;
const MIN_BYTES = 32;
const SECOND_HASH = 0x5bd1e995; // changes the key for the second hash

/** Returns the bytes of a filter; none without hosts. With fewer bytes than 4 per host, it reports more other hosts. */
export function buildHostFilter(
  hosts: readonly string[],
  key: HashKey,
  maxBytes = Number.POSITIVE_INFINITY,
): Uint8Array {
  if (hosts.length === 0) return new Uint8Array();
  const byteCount = Math.min(maxBytes, Math.max(MIN_BYTES, Math.ceil((hosts.length * BITS_PER_HOST) / 8)));
  const bytes = new Uint8Array(byteCount);
  const secondKey = deriveSecondKey(key);
  for (const host of hosts) {
    const [first, step] = [halfSipHash(key, host), halfSipHash(secondKey, host) | 1];
    for (let index = 0; index < HASH_COUNT; index++) {
      const bit = findBit(first, step, index, byteCount);
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bytes;
}

export function createHostFilter(bytes: Uint8Array, key: HashKey): HostFilter {
  const secondKey = deriveSecondKey(key);
  return {
    mayContain(host) {
      if (bytes.length === 0) return false;
      const [first, step] = [halfSipHash(key, host), halfSipHash(secondKey, host) | 1];
      for (let index = 0; index < HASH_COUNT; index++) {
        const bit = findBit(first, step, index, bytes.length);
        if (((bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
      }
      return true;
    },
  };
}

function deriveSecondKey([low, high]: HashKey): HashKey {
  return [low ^ SECOND_HASH, high];
}

/** Returns the position of one of a host's bits, from two hashes (Kirsch and Mitzenmacher, 2006). */
function findBit(first: number, step: number, index: number, byteCount: number): number {
  return ((first + index * step) >>> 0) % (byteCount * 8);
}
