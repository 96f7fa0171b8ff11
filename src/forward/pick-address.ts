import { avalanche, fnv1a } from "../rules/hash.ts";
import type { Address } from "../rules/snapshot.ts";
import type { AddressState } from "./address-health.ts";
import { estimateLatency } from "./latency.ts";

/** Whether the address of an index may be picked. */
export type Accepts = (index: number) => boolean;

/** Returns the next accepted index; -1 without any. */
export function pickNext(last: number, count: number, accepts: Accepts): number {
  for (let offset = 1; offset <= count; offset++) {
    const index = (last + offset) % count;
    if (accepts(index)) return index;
  }
  return -1;
}

/** Returns a random accepted index; -1 without any. */
export function pickRandom(count: number, accepts: Accepts): number {
  return findNth(count, accepts, Math.floor(Math.random() * countAccepted(count, accepts)));
}

/** Picks two accepted indices at random, and returns the one that has answered faster; -1 without any. */
export function pickFaster(states: readonly AddressState[], accepts: Accepts, now: number): number {
  const count = countAccepted(states.length, accepts);
  if (count < 2) return findNth(states.length, accepts, 0);
  const firstRank = Math.floor(Math.random() * count);
  const secondRank = Math.floor(Math.random() * (count - 1));
  const first = findNth(states.length, accepts, firstRank);
  const second = findNth(states.length, accepts, secondRank < firstRank ? secondRank : secondRank + 1);
  const latency = (index: number) => estimateLatency(states[index] as AddressState, now); // the cast: an accepted index
  return latency(second) < latency(first) ? second : first;
}

function countAccepted(count: number, accepts: Accepts): number {
  let accepted = 0;
  for (let index = 0; index < count; index++) if (accepts(index)) accepted++;
  return accepted;
}

/** Returns the accepted index of a rank from 0; -1 without one. */
function findNth(count: number, accepts: Accepts, rank: number): number {
  for (let index = 0, left = rank; index < count; index++) if (accepts(index) && left-- === 0) return index;
  return -1;
}

/** Rendezvous hashing: if an address comes, goes or fails, only its keys move. Returns -1 if none is accepted. */
export function pickByRendezvous(addresses: readonly Address[], key: string, accepts: Accepts): number {
  let best = -1;
  let bestWeight = -1;
  for (let index = 0; index < addresses.length; index++) {
    if (!accepts(index)) continue;
    const weight = weighAddress(addresses[index], key);
    if (weight > bestWeight) [best, bestWeight] = [index, weight];
  }
  return best;
}

/** Returns the weight of an address for a key: the heaviest one gets the key. */
export function weighAddress(address: Address | undefined, key: string): number {
  return avalanche(fnv1a(`${key}\n${address?.record}`));
}
