/** What is in only one of two lists, in the order of that list. */
export interface Differences<T> {
  readonly gone: readonly T[];
  readonly fresh: readonly T[];
}

/**
 * Compares two lists by identity, in each of which nothing is twice. What both have at the same places, counted from
 * either end, costs next to nothing: where few places differ no set of all is made.
 */
export function differences<T>(before: readonly T[], after: readonly T[]): Differences<T> {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0; // counted from the end
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const [was, is] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const isAligned = was.length === is.length;
  const gone = isAligned ? was.filter((item, index) => item !== is[index]) : was;
  const fresh = isAligned ? is.filter((item, index) => item !== was[index]) : is;
  if (gone.length === 0 || fresh.length === 0) return { gone, fresh };
  const [inGone, inFresh] = [new Set(gone), new Set(fresh)];
  return { gone: gone.filter((item) => !inFresh.has(item)), fresh: fresh.filter((item) => !inGone.has(item)) };
}
