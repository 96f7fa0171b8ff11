import { diffLists } from "./list-diff.ts";
import { areSameInputs, type Inputs } from "./memo.ts";

/** Functions that find things by key. */
export type Index<X> = { readonly [K in keyof X]: (key: string) => unknown };

/** An index with the source of each function. */
export interface SourcedIndex<X> {
  readonly index: X;
  readonly sources: { readonly [K in keyof X]: Source };
}

/** The items that the results of a function depend on: the result for a key depends on the items of that key. */
export interface Source {
  readonly items: readonly unknown[]; // each once
  /** The key of an item; undefined if every result depends on all items. */
  readonly keyOf?: (item: unknown) => string;
}

/** Builds the source of a function whose items have keys. */
export function buildSource<T>(items: readonly T[], keyOf: (item: T) => string): Source {
  return { items, keyOf: keyOf as (item: unknown) => string };
}

/**
 * Returns a result for each item, in no particular order. It reuses the last result for a name if the item's inputs are the
 * same as then, and if everything that was read from the index is still the same. Names must be unique.
 */
export type NameMemo<Item, X, T> = (
  items: readonly Item[],
  commonInputs: Inputs,
  sourcedIndex: SourcedIndex<X>,
  create: (item: Item, index: X) => T,
) => readonly T[];

interface NamedEntry<Item, X, T> {
  readonly item: Item;
  readonly inputs: Inputs;
  readonly value: T;
  readonly reads: readonly IndexRead<X>[];
}

/** A key that was looked up in an index, and the result. */
interface IndexRead<X> {
  readonly find: keyof X;
  readonly key: string;
  readonly result: unknown;
}

interface State<Item, X, T> {
  readonly items: readonly Item[];
  readonly commonInputs: Inputs;
  readonly sources: SourcedIndex<X>["sources"] | undefined;
  readonly entries: Map<string, NamedEntry<Item, X, T>>;
  /** The results, in the order of the entries. */
  readonly values: Map<string, T>;
}

/** Remembers one result for each name of the last run, and forgets names that a run did not use. */
export function createNameMemo<Item, X extends Index<X>, T>(
  nameOf: (item: Item) => string,
  listInputs: (item: Item) => Inputs,
): NameMemo<Item, X, T> {
  const createState = (): State<Item, X, T> => ({
    items: [],
    commonInputs: [],
    sources: undefined,
    entries: new Map(),
    values: new Map(),
  });
  let previous = createState();
  return (items, commonInputs, { index, sources }, create) => {
    const state = areSameInputs(previous.commonInputs, commonInputs) ? previous : createState();
    previous = createState(); // stays if `create` throws
    const createEntry: CreateEntry<Item, X, T> = (item) =>
      createNamedEntry(item, listInputs(item), index, (recordedIndex) => create(item, recordedIndex));
    updateEntries(state, items, nameOf, (item, known) =>
      known && areSameInputs(known.inputs, listInputs(item)) ? { ...known, item } : createEntry(item),
    );
    const hasChangedRead = createReadCheck(index, sources, state.sources);
    if (hasChangedRead) renewEntries(state, hasChangedRead, createEntry);
    previous = { ...state, items, commonInputs, sources };
    return [...state.values.values()];
  };
}

type CreateEntry<Item, X, T> = (item: Item) => NamedEntry<Item, X, T>;

/** Brings the entries up to `items`. `renew` is called for new items, with the last entry of the name. */
function updateEntries<Item, X, T>(
  { items: previousItems, entries, values }: State<Item, X, T>,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  renew: (item: Item, known: NamedEntry<Item, X, T> | undefined) => NamedEntry<Item, X, T>,
): void {
  const { removed, added } = diffLists(previousItems, items);
  const addedNames = new Set(added.map(nameOf));
  for (const name of removed.map(nameOf)) {
    if (addedNames.has(name)) continue;
    entries.delete(name);
    values.delete(name);
  }
  for (const item of added) {
    const name = nameOf(item);
    const entry = renew(item, entries.get(name));
    entries.set(name, entry);
    values.set(name, entry.value);
  }
}

/** Creates the entries again that read a changed result. */
function renewEntries<Item, X, T>(
  { entries, values }: State<Item, X, T>,
  hasChangedRead: (read: IndexRead<X>) => boolean,
  createEntry: CreateEntry<Item, X, T>,
): void {
  for (const [name, { item, reads }] of entries) {
    if (!reads.some(hasChangedRead)) continue;
    const entry = createEntry(item);
    entries.set(name, entry);
    values.set(name, entry.value);
  }
}

/** Returns the check of a read, or undefined if all sources are the same as before. */
function createReadCheck<X extends Index<X>>(
  index: X,
  sources: SourcedIndex<X>["sources"],
  previousSources: SourcedIndex<X>["sources"] | undefined,
): ((read: IndexRead<X>) => boolean) | undefined {
  if (!previousSources) return undefined;
  const finds = Object.keys(sources) as (keyof X)[];
  const changes = new Map(finds.map((find) => [find, findChangedKeys(previousSources[find], sources[find])]));
  if (finds.every((find) => changes.get(find)?.size === 0)) return undefined;
  return ({ find, key, result }) => {
    const changedKeys = changes.get(find);
    const mayHaveChanged = changedKeys === undefined || (changedKeys.size > 0 && changedKeys.has(key));
    return mayHaveChanged && index[find](key) !== result;
  };
}

/** Returns the keys of the items that came or went; undefined if any key may have another result. */
function findChangedKeys(previous: Source, { items, keyOf }: Source): ReadonlySet<string> | undefined {
  const { removed, added } = diffLists(previous.items, items);
  if (removed.length + added.length === 0) return new Set();
  return keyOf && new Set([...removed, ...added].map(keyOf));
}

function createNamedEntry<Item, X extends Index<X>, T>(
  item: Item,
  inputs: Inputs,
  index: X,
  create: (index: X) => T,
): NamedEntry<Item, X, T> {
  const { recordedIndex, listReads } = recordReads(index);
  return { item, inputs, value: create(recordedIndex), reads: listReads() };
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
