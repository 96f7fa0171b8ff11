import { diffLists } from "./list-diff.ts";
import { areSameInputs, type Inputs } from "./memo.ts";

/** Sums by name. */
export type Totals<N extends string> = Readonly<Record<N, number>>;

/**
 * Returns, by key, the sums over the items of a list. Only items that came or went are measured, as long as `inputs` are the
 * same. `measure` must return the same whole numbers for the same item and inputs. A key whose items are gone may remain.
 */
export type TotalsMemo<T, N extends string> = (
  items: readonly T[],
  inputs: Inputs,
  measure: (item: T) => Totals<N>,
) => ReadonlyMap<string, Totals<N>>;

interface State<T, N extends string> {
  readonly items: readonly T[];
  readonly inputs: Inputs;
  readonly totals: ReadonlyMap<string, Totals<N>>;
}

/** Remembers the sums of the last list. */
export function createTotalsMemo<T, N extends string>(keyOf: (item: T) => string): TotalsMemo<T, N> {
  let previous: State<T, N> = { items: [], inputs: [], totals: new Map() };
  return (items, inputs, measure) => {
    const isSame = areSameInputs(previous.inputs, inputs);
    if (isSame && items === previous.items) return previous.totals;
    const base = isSame ? previous : { items: [], totals: new Map<string, Totals<N>>() };
    const { removed, added } = diffLists(base.items, items);
    const totals = new Map(base.totals);
    for (const [changedItems, sign] of [[removed, -1] as const, [added, 1] as const])
      for (const item of changedItems) {
        const key = keyOf(item);
        totals.set(key, addTotals(totals.get(key), measure(item), sign));
      }
    previous = { items, inputs, totals };
    return totals;
  };
}

function addTotals<N extends string>(sums: Totals<N> | undefined, amounts: Totals<N>, sign: 1 | -1): Totals<N> {
  const names = Object.keys(amounts) as N[];
  return Object.fromEntries(names.map((name) => [name, (sums?.[name] ?? 0) + sign * amounts[name]])) as Totals<N>;
}
