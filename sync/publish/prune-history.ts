import { GENERATION_PREFIX } from "../../src/rules/kv-keys.ts";
import type { Manifest } from "../../src/rules/snapshot.ts";

const MIN_RETAINED_GENERATIONS = 10;
const GENERATION_RETENTION_MS = 60 * 60 * 1000;

/** A generation in KV, by the number in its key. The manifest is undefined if it is unreadable. */
export interface StoredGeneration {
  readonly key: string;
  readonly generation: number;
  readonly manifest: Manifest | undefined;
}

/** Returns the generation in a history key, or undefined for another key. */
export function parseGeneration(key: string): number | undefined {
  const number = Number(key.slice(GENERATION_PREFIX.length));
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/**
 * Splits generations into those that history keeps, and the others. It keeps 10, and those younger than one hour, because an
 * edge may still serve them.
 */
export function findPrunableGenerations(
  generations: readonly StoredGeneration[],
  now: Date,
): { readonly retained: readonly StoredGeneration[]; readonly dropped: readonly StoredGeneration[] } {
  const sortedGenerations = generations.toSorted((a, b) => b.generation - a.generation);
  const isRetained = ({ manifest }: StoredGeneration, index: number) =>
    index < MIN_RETAINED_GENERATIONS ||
    (manifest !== undefined && now.getTime() - Date.parse(manifest.publishedAt) < GENERATION_RETENTION_MS);
  return {
    retained: sortedGenerations.filter(isRetained),
    dropped: sortedGenerations.filter((generation, index) => !isRetained(generation, index)),
  };
}

/** Whether history is long enough to prune, because pruning costs KV operations. */
export function needsPruning(keys: readonly string[]): boolean {
  return keys.length >= 2 * MIN_RETAINED_GENERATIONS;
}
