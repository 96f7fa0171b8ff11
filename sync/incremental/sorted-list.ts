import { diffLists } from "./list-diff.ts";

/** A list as it came, and in order. */
export interface SortedList<T> {
  readonly items: readonly T[];
  readonly sorted: readonly T[];
}

export const EMPTY_SORTED_LIST: SortedList<never> = { items: [], sorted: [] };

/**
 * Sorts items, each of which is there once: those that are in `before` stay in the order that they have there, so that
 * few news cost few comparisons. Without any the list is the same array as before.
 */
export function updateSorted<T>(
  previous: SortedList<T>,
  items: readonly T[],
  compare: (a: T, b: T) => number,
): SortedList<T> {
  const { removed, added } = diffLists(previous.items, items);
  if (removed.length + added.length === 0) return { items, sorted: previous.sorted };
  const removedItems = new Set(removed);
  const remainingItems =
    removedItems.size === 0 ? previous.sorted : previous.sorted.filter((item) => !removedItems.has(item));
  return { items, sorted: insertSorted(remainingItems, added.toSorted(compare), compare) };
}

/** Two sorted lists as one, in which `fresh` are few. */
function insertSorted<T>(remainingItems: readonly T[], addedItems: readonly T[], compare: (a: T, b: T) => number): T[] {
  let start = 0;
  const parts = addedItems.map((item) => {
    const position = findInsertionIndex(item, remainingItems, start, compare);
    const part = [...remainingItems.slice(start, position), item];
    start = position;
    return part;
  });
  return [...parts.flat(), ...remainingItems.slice(start)];
}

/** Where the first item after `item` is, from a place on. */
function findInsertionIndex<T>(item: T, sorted: readonly T[], start: number, compare: (a: T, b: T) => number): number {
  let [low, high] = [start, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as T, item) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
