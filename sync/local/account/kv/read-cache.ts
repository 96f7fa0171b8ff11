import type { KvRules } from "./kv-rules.ts";

interface CachedResult {
  readonly result: unknown;
  readonly expiresAt: number;
}

/** The caches of the locations. They repeat the result of a read until it expires, absence included. */
export interface ReadCache {
  /** Starts a call: it reaches the next location. */
  nextLocation(): number;
  /** Whether the location has a result for a name. */
  has(location: number, name: string): boolean;
  /** Returns the result that the location has for a name, or reads it. */
  read<T>(location: number, name: string, read: () => Promise<T>): Promise<T>;
}

export function createReadCache(rules: () => KvRules, now: () => number): ReadCache {
  const results = new Map<string, CachedResult>();
  let calls = 0;
  const find = (location: number, name: string) => {
    const cached = results.get(`${location} ${name}`);
    return cached && cached.expiresAt > now() ? cached : undefined;
  };
  return {
    nextLocation: () => calls++ % rules().locations,
    has: (location, name) => find(location, name) !== undefined,
    async read<T>(location: number, name: string, read: () => Promise<T>): Promise<T> {
      const cached = find(location, name);
      if (cached) return cached.result as T; // of the same name
      const result = await read();
      const { stalenessMs } = rules();
      if (stalenessMs > 0) results.set(`${location} ${name}`, { result, expiresAt: now() + stalenessMs });
      return result;
    },
  };
}
