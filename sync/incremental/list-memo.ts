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
    const { start, tail, findOldIndex } = alignLists(known.items, items);
    let isSame = known.items.length === items.length;
    const changedResults = items.slice(start, tail).map((item, index) => {
      const oldIndex = findOldIndex(start + index);
      if (oldIndex !== start + index) isSame = false;
      return oldIndex < 0 ? create(item) : (known.results[oldIndex] as R);
    });
    const tailResults = known.results.slice(tail + known.items.length - items.length);
    const results = isSame ? known.results : [...known.results.slice(0, start), ...changedResults, ...tailResults];
    previous = { items, inputs, results };
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

/** Returns the lists of all items as one list. An item must never change in place. */
export type ConcatMemo<T, R> = (items: readonly T[]) => readonly R[];

/** Remembers the list of each item of the last list. */
export function createConcatMemo<T, R>(listOf: (item: T) => readonly R[]): ConcatMemo<T, R> {
  const memo = createListMemo<T, readonly R[]>();
  let previous: { lists: readonly (readonly R[])[]; all: readonly R[] } = { lists: [], all: [] };
  return (items) => {
    const lists = memo(items, [], (item) => shareEmpty(listOf(item)));
    if (lists !== previous.lists) previous = { lists, all: concatLists(lists) };
    return previous.all;
  };
}

/** Concatenates lists. Most are `EMPTY`, which it skips without reading them. */
function concatLists<R>(lists: readonly (readonly R[])[]): readonly R[] {
  const all: R[] = [];
  for (const list of lists) if (list !== EMPTY) for (const item of list) all.push(item);
  return all;
}

const EMPTY: readonly never[] = [];

/** Returns one list for all lists without items, because most lists of a large cluster have none. */
export function shareEmpty<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? EMPTY : list;
}
