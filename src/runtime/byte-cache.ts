/** A value of a cache, with an estimate of its memory. */
export interface CachedItem {
  readonly key: string;
  readonly bytes: number;
  usedAt: number; // number of the last use
}

/** Items by key. The least recently used are dropped at a limit of bytes. */
export interface ByteCache<T extends CachedItem> {
  readonly size: number;
  /** Returns an item, and marks it as used. The caller can keep it: a dropped item stays valid. */
  get(key: string): T | undefined;
  /** Marks an item as used. */
  use(item: T): void;
  /** Adds an item, unless its key has one, and returns that of the key. It stays, even if it exceeds the limit alone. */
  add(item: T): T;
  list(): readonly T[];
  /** Drops the items that a function does not accept. */
  retain(isKept: (item: T) => boolean): void;
}

export function createByteCache<T extends CachedItem>(
  maxBytes: number,
  onDrop: (item: T) => void = () => {},
): ByteCache<T> {
  const items = new Map<string, T>();
  let totalBytes = 0;
  let useCount = 0;
  let oldest: { readonly item: T; readonly usedAt: number }[] = []; // the next ones to drop, the oldest one last
  const use = (item: T) => {
    useCount += 1;
    item.usedAt = useCount; // cheaper than an order of the map, because each request uses a host
  };
  const drop = (item: T) => {
    items.delete(item.key);
    totalBytes -= item.bytes;
    onDrop(item);
  };
  const dropOldest = () => {
    if (oldest.length === 0) oldest = listFromNewest(items);
    const next = oldest.pop();
    if (next && next.item.usedAt === next.usedAt) drop(next.item); // else it was used since the list was made
  };
  const get = (key: string) => {
    const item = items.get(key);
    if (item) use(item);
    return item;
  };
  return {
    get size() {
      return items.size;
    },
    get,
    use,
    add(item) {
      const present = get(item.key);
      if (present) return present;
      items.set(item.key, item);
      use(item);
      totalBytes += item.bytes;
      while (totalBytes > maxBytes && items.size > 1) dropOldest();
      return item;
    },
    list: () => [...items.values()],
    retain(isKept) {
      oldest = [];
      for (const item of [...items.values()]) if (!isKept(item)) drop(item);
    },
  };
}

/** Sorts the items once for many of them that are dropped. The newest one, whose request is in progress, is left out. */
function listFromNewest<T extends CachedItem>(items: ReadonlyMap<string, T>) {
  return [...items.values()]
    .map((item) => ({ item, usedAt: item.usedAt }))
    .sort((a, b) => b.usedAt - a.usedAt)
    .slice(1);
}
