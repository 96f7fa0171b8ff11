import { diffLists, haveSameOrder, type ListDiff } from "./list-diff.ts";

/**
 * Groups items by key, and returns a result for each group. An item may have several keys. A group lists its items in their
 * order. It reuses the last result for a key if the group has the same items. The map is valid until the next call.
 */
export type GroupMemo<T, R> = (items: readonly T[]) => ReadonlyMap<string, R>;

interface Groups<T, R> {
  readonly items: readonly T[];
  readonly members: Map<string, readonly T[]>;
  readonly results: Map<string, R>;
}

/** Remembers the groups of the last list. `create` returns undefined for a group without a result. */
export function createGroupMemo<T, R>(
  listKeys: (item: T) => readonly string[],
  create: (key: string, members: readonly T[]) => R | undefined,
): GroupMemo<T, R> {
  let previous = createEmptyGroups<T, R>();
  return (items) => {
    const diff = diffLists(previous.items, items);
    const isInOrder = haveSameOrder(previous.items, items, diff);
    const groups = isInOrder ? previous : createEmptyGroups<T, R>();
    previous = createEmptyGroups(); // stays if `create` throws
    const changes = isInOrder ? diff : { removed: [], added: items };
    const changedMembers = updateMembers(groups.members, changes, items, listKeys);
    for (const [key, members] of changedMembers) {
      setOrDelete(groups.members, key, members.length === 0 ? undefined : members);
      setOrDelete(groups.results, key, members.length === 0 ? undefined : create(key, members));
    }
    previous = { ...groups, items };
    return groups.results;
  };
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** Returns the new members of each group that changed, in the order of `items`. */
function updateMembers<T>(
  membersByKey: ReadonlyMap<string, readonly T[]>,
  { removed, added }: ListDiff<T>,
  items: readonly T[],
  listKeys: (item: T) => readonly string[],
): Map<string, readonly T[]> {
  const removedItems = new Set(removed);
  const changed = new Map<string, T[]>();
  for (const key of removed.flatMap(listKeys))
    changed.set(key, membersByKey.get(key)?.filter((member) => !removedItems.has(member)) ?? []);
  for (const item of added) {
    for (const key of listKeys(item)) {
      const members = changed.get(key) ?? [...(membersByKey.get(key) ?? [])];
      members.push(item);
      changed.set(key, members);
    }
  }
  const isNew = membersByKey.size === 0; // then members are in order
  const shared = isNew ? [] : [...changed].filter(([, members]) => members.length > 1);
  const sharedItems = new Set(shared.flatMap(([, members]) => members));
  const orderedItems = shared.length === 0 ? [] : items.filter((item) => sharedItems.has(item));
  const places = new Map(orderedItems.map((item, index) => [item, index]));
  const placeOf = (item: T) => places.get(item) ?? 0;
  for (const [key, members] of shared)
    changed.set(
      key,
      members.toSorted((a, b) => placeOf(a) - placeOf(b)),
    );
  return changed;
}

function createEmptyGroups<T, R>(): Groups<T, R> {
  return { items: [], members: new Map(), results: new Map() };
}
