import { alignLists } from "./list-diff.ts";
import { areSameInputs, type Inputs } from "./memo.ts";

/**
 * Returns a result for each item of a list. It reuses the last result for an item if `inputs` are the same as then. If all
 * results are the same, the list of results is the same array. An item must never change in place.
 */
export type ListMemo<T, R> = (items: readonly T[], inputs: Inputs, create: (item: T) => R) => readonly R[];

/** Returns the items that pass a test, and the others. The test is called once for each item. */
export type PartitionMemo<T> = (
  items: readonly T[],
  test: (item: T) => boolean,
) => readonly [passed: readonly T[], others: readonly T[]];

/** Remembers one result for each item of the last list. */
export function createListMemo<T, R>(): ListMemo<T, R> {
  let previous: { items: readonly T[]; inputs: Inputs; results: readonly R[] } = { items: [], inputs: [], results: [] };
  return (items, inputs, create) => {
    const known = areSameInputs(previous.inputs, inputs) ? previous : { items: [], results: [] };
    const findOldIndex = alignLists(known.items, items);
    let isSame = known.items.length === items.length;
    const results = items.map((item, index) => {
      const oldIndex = findOldIndex(index);
      if (oldIndex !== index) isSame = false;
      return oldIndex < 0 ? create(item) : (known.results[oldIndex] as R);
    });
    previous = { items, inputs, results: isSame ? known.results : results };
    return previous.results;
  };
}

/** Remembers the verdict on each item of the last list. */
export function createPartitionMemo<T>(): PartitionMemo<T> {
  const memo = createListMemo<T, boolean>();
  return (items, test) => {
    const verdicts = memo(items, [], test);
    const passed = items.filter((_, index) => verdicts[index]);
    return [passed, passed.length === 0 ? items : items.filter((_, index) => !verdicts[index])];
  };
}
