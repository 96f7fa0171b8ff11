import { differences } from "../differences.ts";

/** A list as it came, and in order. */
export interface Sorted<T> {
  readonly items: readonly T[];
  readonly sorted: readonly T[];
}

export const NOTHING_SORTED: Sorted<never> = { items: [], sorted: [] };

/**
 * Sorts items, each of which is there once: those that are in `before` stay in the order that they have there, so that
 * few news cost few comparisons. Without any the list is the same array as before.
 */
export function sortedAfter<T>(before: Sorted<T>, items: readonly T[], compare: (a: T, b: T) => number): Sorted<T> {
  const { gone, fresh } = differences(before.items, items);
  if (gone.length + fresh.length === 0) return { items, sorted: before.sorted };
  const left = new Set(gone);
  const kept = left.size === 0 ? before.sorted : before.sorted.filter((item) => !left.has(item));
  return { items, sorted: merged(kept, fresh.toSorted(compare), compare) };
}

/** Two sorted lists as one, in which `fresh` are few. */
function merged<T>(kept: readonly T[], fresh: readonly T[], compare: (a: T, b: T) => number): T[] {
  let from = 0;
  const parts = fresh.map((item) => {
    const place = placeOf(item, kept, from, compare);
    const part = [...kept.slice(from, place), item];
    from = place;
    return part;
  });
  return [...parts.flat(), ...kept.slice(from)];
}

/** Where the first item after `item` is, from a place on. */
function placeOf<T>(item: T, sorted: readonly T[], from: number, compare: (a: T, b: T) => number): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as T, item) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
