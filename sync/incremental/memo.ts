/** The values that a result depends on. They are compared by identity, and a list by the identity of its items. */
export type Inputs = readonly unknown[];

/** Returns the last result if `inputs` are the same as then. */
export type Memo<T> = (inputs: Inputs, create: () => T) => T;

/** Returns the last result for `object` if `inputs` are the same as then. */
export type ObjectMemo<K extends object, T> = (object: K, inputs: Inputs, create: () => T) => T;

/** Functions that find things by key. */
export type Index<X> = { readonly [K in keyof X]: (key: string) => unknown };

/**
 * Returns a result for each item, in the order of the items. It reuses the last result for a name if the item's inputs are
 * the same as then, and if everything that was read from the index is still the same. Names must be unique.
 */
export type NameMemo<Item, X, T> = (
  items: readonly Item[],
  commonInputs: Inputs,
  index: X,
  create: (item: Item, index: X) => T,
) => T[];

interface Entry<T> {
  readonly inputs: Inputs;
  readonly value: T;
}

/** Remembers one result. */
export function createMemo<T>(): Memo<T> {
  let entry: Entry<T> | undefined;
  return (inputs, create) => {
    if (!entry || !areSameInputs(entry.inputs, inputs)) entry = { inputs, value: create() };
    return entry.value;
  };
}

/** Remembers one result for each object, until the object is garbage. An object must never change in place. */
export function createObjectMemo<K extends object, T>(): ObjectMemo<K, T> {
  const memos = new WeakMap<K, Entry<T>>();
  return (object, inputs, create) => {
    const previous = memos.get(object);
    if (previous && areSameInputs(previous.inputs, inputs)) return previous.value;
    const value = create();
    memos.set(object, { inputs, value });
    return value;
  };
}

interface NamedEntry<X, T> extends Entry<T> {
  readonly reads: readonly IndexRead<X>[];
}

/** Remembers one result for each name of the last run, and forgets names that a run did not use. */
export function createNameMemo<Item, X extends Index<X>, T>(
  nameOf: (item: Item) => string,
  listInputs: (item: Item) => Inputs,
): NameMemo<Item, X, T> {
  let previousEntries: ReadonlyMap<string, NamedEntry<X, T>> = new Map();
  let previousCommonInputs: Inputs = [];
  return (items, commonInputs, index, create) => {
    if (!areSameInputs(previousCommonInputs, commonInputs)) previousEntries = new Map();
    const isUnchanged = ({ find, key, result }: IndexRead<X>) => index[find](key) === result;
    const entries = new Map<string, NamedEntry<X, T>>();
    const values = items.map((item) => {
      const [name, inputs] = [nameOf(item), listInputs(item)];
      const previous = previousEntries.get(name);
      const isReusable = previous && areSameInputs(previous.inputs, inputs) && previous.reads.every(isUnchanged);
      const entry = isReusable
        ? previous
        : createNamedEntry<X, T>(inputs, index, (recordedIndex) => create(item, recordedIndex));
      entries.set(name, entry);
      return entry.value;
    });
    previousEntries = entries;
    previousCommonInputs = commonInputs;
    return values;
  };
}

function createNamedEntry<X extends Index<X>, T>(inputs: Inputs, index: X, create: (index: X) => T): NamedEntry<X, T> {
  const { recordedIndex, listReads } = recordReads(index);
  return { inputs, value: create(recordedIndex), reads: listReads() };
}

/** A key that was looked up in an index, and the result. */
interface IndexRead<X> {
  readonly find: keyof X;
  readonly key: string;
  readonly result: unknown;
}

function recordReads<X extends Index<X>>(index: X): { recordedIndex: X; listReads: () => IndexRead<X>[] } {
  const reads = new Map<string, IndexRead<X>>();
  const record = (find: keyof X) => (key: string) => {
    const result = index[find](key);
    reads.set(`${String(find)} ${key}`, { find, key, result });
    return result;
  };
  const finders = (Object.keys(index) as (keyof X)[]).map((find) => [find, record(find)] as const);
  // The cast: each function returns the results of the function with the same name.
  return { recordedIndex: Object.fromEntries(finders) as X, listReads: () => [...reads.values()] };
}

function areSameInputs(a: Inputs, b: Inputs): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const [input, other] = [a[index], b[index]];
    if (input !== other && !(Array.isArray(input) && Array.isArray(other) && isSameList(input, other))) return false;
  }
  return true;
}

/** Whether two lists have the same items, by identity. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
