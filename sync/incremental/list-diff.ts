/** What is in only one of two lists, in the order of that list. */
export interface ListDiff<T> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

/**
 * Compares two lists by identity, in each of which nothing is twice. What both have at the same places, counted from
 * either end, costs next to nothing: where few places differ no set of all is made.
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
