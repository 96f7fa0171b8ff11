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
