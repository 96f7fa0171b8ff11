export interface ExpiringCache<T> {
  get(): Promise<T>;
  invalidate(): void;
}

/** Caches the value of `fetchValue` for `ttlMs`. */
export function createExpiringCache<T>(
  now: () => number,
  ttlMs: number,
  fetchValue: () => Promise<T>,
): ExpiringCache<T> {
  let cached: { readonly value: T; readonly loadedAt: number } | undefined;
  return {
    async get() {
      if (!cached || now() - cached.loadedAt > ttlMs) cached = { value: await fetchValue(), loadedAt: now() };
      return cached.value;
    },
    invalidate() {
      cached = undefined;
    },
  };
}
