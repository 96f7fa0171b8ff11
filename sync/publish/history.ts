import { GENERATION_PREFIX, shardKey } from "../../src/rules/keys.ts";
import type { Manifest } from "../../src/rules/snapshot.ts";

const KEPT_GENERATIONS = 10;
const KEPT_MS = 60 * 60 * 1000;

/** A generation that is held in KV, by the number in its key; the manifest is missing where it cannot be read. */
export interface HeldGeneration {
  readonly key: string;
  readonly generation: number;
  readonly manifest: Manifest | undefined;
}

/** The number in a history key, for keys that are one. */
export function generationOf(key: string): number | undefined {
  const number = Number(key.slice(GENERATION_PREFIX.length));
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/**
 * The keys that history has outgrown, in the order in which to remove them: shards before the manifests that name them,
 * so that a removal that is cut short can be done again. What is young is kept however many there are: an edge may
 * still serve from it.
 */
export function outgrown(held: readonly HeldGeneration[], now: Date): string[] {
  const newestFirst = held.toSorted((a, b) => b.generation - a.generation);
  const isKept = ({ manifest }: HeldGeneration, index: number) =>
    index < KEPT_GENERATIONS || (manifest !== undefined && now.getTime() - Date.parse(manifest.publishedAt) < KEPT_MS);
  const kept = newestFirst.filter(isKept);
  const dropped = newestFirst.filter((generation, index) => !isKept(generation, index));
  const needed = new Set(kept.flatMap(({ manifest }) => manifest?.shards ?? []));
  const shards = new Set(dropped.flatMap(({ manifest }) => manifest?.shards ?? []).filter((digest) => digest !== null));
  return [...[...shards].filter((digest) => !needed.has(digest)).map(shardKey), ...dropped.map(({ key }) => key)];
}

/** Whether history has grown enough to be worth the operations that trimming it takes. */
export function isOvergrown(keys: readonly string[]): boolean {
  return keys.length >= 2 * KEPT_GENERATIONS;
}
