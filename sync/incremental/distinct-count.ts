import { diffLists } from "./list-diff.ts";

/** Returns the number of distinct names of the items of a list. An item must never change in place. */
export type DistinctCount<T> = (items: readonly T[]) => number;

/** Remembers the names of the last list, and how many items have each. */
export function createDistinctCount<T>(namesOf: (item: T) => readonly string[]): DistinctCount<T> {
  const counts = new Map<string, number>();
  let previous: readonly T[] = [];
  return (items) => {
    const { removed, added } = diffLists(previous, items);
    for (const name of added.flatMap(namesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const name of removed.flatMap(namesOf)) {
      const count = (counts.get(name) ?? 0) - 1;
      if (count > 0) counts.set(name, count);
      else counts.delete(name);
    }
    previous = items;
    return counts.size;
  };
}
