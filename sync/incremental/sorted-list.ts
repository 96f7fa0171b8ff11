import { diffLists } from "./list-diff.ts";

/** Returns a list in order. Items that were in the last list keep their places. No item may be in a list twice. */
export type SortMemo<T> = (items: readonly T[]) => readonly T[];

/** Remembers the last list and its order, so that few new items need few comparisons. */
export function createSortMemo<T, K>(keyOf: (item: T) => K, compare: (a: K, b: K) => number): SortMemo<T> {
  let previous: { items: readonly T[]; sorted: readonly T[] } = { items: [], sorted: [] };
  return (items) => {
    const { removed, added } = diffLists(previous.items, items);
    const remainingItems = removed.length === 0 ? previous.sorted : dropItems(previous.sorted, removed);
    const addedItems = sortByKey(added, keyOf, compare);
    previous = { items, sorted: insertSorted(remainingItems, addedItems, keyOf, compare) };
    return previous.sorted;
  };
}

/** Remembers the last list. Of items with the same key, the result has one. */
export function createUniqueSortMemo<T, K>(
  keyOf: (item: T) => K,
  compare: (a: K, b: K) => number,
  isSame: (a: T, b: T) => boolean,
): SortMemo<T> {
  const sort = createSortMemo(keyOf, compare);
  let previous: { sorted: readonly T[]; unique: readonly T[] } = { sorted: [], unique: [] };
  return (items) => {
    const sorted = sort(items);
    if (sorted !== previous.sorted) previous = { sorted, unique: dropRepeated(sorted, isSame) };
    return previous.unique;
  };
}

/** A set reads each item of the list, and a short list of removed items is compared without that. */
const MAX_COMPARED_ITEMS = 8;

function dropItems<T>(items: readonly T[], removed: readonly T[]): readonly T[] {
  if (removed.length <= MAX_COMPARED_ITEMS)
    return removed.reduce((remaining, item) => remaining.toSpliced(remaining.indexOf(item), 1), items);
  const removedItems = new Set(removed);
  return items.filter((item) => !removedItems.has(item));
}

function dropRepeated<T>(sorted: readonly T[], isSame: (a: T, b: T) => boolean): readonly T[] {
  return sorted.filter((item, index) => index === 0 || !isSame(sorted[index - 1] as T, item));
}

/** Sorts with one key for each item, because a key may be costly to build and large to keep. */
function sortByKey<T, K>(items: readonly T[], keyOf: (item: T) => K, compare: (a: K, b: K) => number): T[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .toSorted((a, b) => compare(a.key, b.key))
    .map(({ item }) => item);
}

/** Merges two sorted lists. The second one is short, or the first one is empty. */
function insertSorted<T, K>(
  items: readonly T[],
  addedItems: readonly T[],
  keyOf: (item: T) => K,
  compare: (a: K, b: K) => number,
): readonly T[] {
  if (addedItems.length === 0) return items;
  if (items.length === 0) return addedItems;
  let start = 0;
  const parts = addedItems.map((item) => {
    const position = findInsertionIndex(keyOf(item), items, start, keyOf, compare);
    const part = items.slice(start, position);
    start = position;
    return [...part, item];
  });
  return [...parts, items.slice(start)].flat();
}

/** Returns the index of the first item after `key`, from `start` on. */
function findInsertionIndex<T, K>(
  key: K,
  sorted: readonly T[],
  start: number,
  keyOf: (item: T) => K,
  compare: (a: K, b: K) => number,
): number {
  let [low, high] = [start, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(keyOf(sorted[middle] as T), key) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
