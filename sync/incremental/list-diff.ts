/** The items that are in only one of two lists, in the order of that list. */
export interface ListDiff<T> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

/**
 * Compares two lists of unique items by identity. Common items at the start and the end are skipped first, so that a
 * few changes are cheap.
 */
export function diffLists<T>(oldItems: readonly T[], newItems: readonly T[]): ListDiff<T> {
  if (oldItems === newItems) return { removed: [], added: [] };
  const shorterLength = Math.min(oldItems.length, newItems.length);
  let start = 0;
  while (start < shorterLength && oldItems[start] === newItems[start]) start++;
  let end = 0; // counted from the end
  while (end < shorterLength - start && oldItems[oldItems.length - 1 - end] === newItems[newItems.length - 1 - end])
    end++;
  const [oldMiddle, newMiddle] = [
    oldItems.slice(start, oldItems.length - end),
    newItems.slice(start, newItems.length - end),
  ];
  const isAligned = oldMiddle.length === newMiddle.length;
  const removed = isAligned ? oldMiddle.filter((item, index) => item !== newMiddle[index]) : oldMiddle;
  const added = isAligned ? newMiddle.filter((item, index) => item !== oldMiddle[index]) : newMiddle;
  if (removed.length === 0 || added.length === 0) return { removed, added };
  const [removedSet, addedSet] = [new Set(removed), new Set(added)];
  return {
    removed: removed.filter((item) => !addedSet.has(item)),
    added: added.filter((item) => !removedSet.has(item)),
  };
}

/** The places of items of a list in an older list. */
export interface Alignment {
  /** The lists are equal before this place of the new list. */
  readonly start: number;
  /** They are equal from this place of the new list on. */
  readonly tail: number;
  /** Returns the place in the old list of the item at a place in the new one, or -1. */
  readonly findOldIndex: (newIndex: number) => number;
}

/** Aligns two lists. Equal starts and ends, and lists of one length that differ in few places, need no lookup. */
export function alignLists<T>(oldItems: readonly T[], newItems: readonly T[]): Alignment {
  const shorterLength = Math.min(oldItems.length, newItems.length);
  const shift = oldItems.length - newItems.length;
  let start = 0;
  while (start < shorterLength && oldItems[start] === newItems[start]) start++;
  let tail = newItems.length; // the first place of the equal ends
  while (tail > start && tail + shift > start && oldItems[tail + shift - 1] === newItems[tail - 1]) tail--;
  let oldIndexes: ReadonlyMap<T, number> | undefined;
  const find = (item: T) => {
    oldIndexes ??= new Map(oldItems.slice(start, tail + shift).map((oldItem, index) => [oldItem, start + index]));
    return oldIndexes.get(item) ?? -1;
  };
  const findOldIndex = (index: number) => {
    if (index < start) return index;
    if (index >= tail) return index + shift;
    return shift === 0 && oldItems[index] === newItems[index] ? index : find(newItems[index] as T);
  };
  return { start, tail, findOldIndex };
}

/** Whether the items that two lists share are in the same order in both. */
export function haveSameOrder<T>(
  oldItems: readonly T[],
  newItems: readonly T[],
  { removed, added }: ListDiff<T>,
): boolean {
  const [removedSet, addedSet] = [new Set(removed), new Set(added)];
  const isShared = (item: T, others: ReadonlySet<T>) => others.size === 0 || !others.has(item);
  let newIndex = 0;
  for (const item of oldItems) {
    if (item !== newItems[newIndex] && !isShared(item, removedSet)) continue;
    while (newIndex < newItems.length && item !== newItems[newIndex] && addedSet.has(newItems[newIndex] as T))
      newIndex++;
    if (item !== newItems[newIndex]) return false;
    newIndex++;
  }
  return true;
}
