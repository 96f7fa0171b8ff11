/** `make`, called once for each object, which is never changed: what it made is kept for as long as the object lives. */
export function memoize<T extends object, R extends NonNullable<unknown>>(make: (object: T) => R): (object: T) => R {
  const cache = new WeakMap<T, R>();
  return (object) => {
    const cachedResult = cache.get(object);
    if (cachedResult !== undefined) return cachedResult;
    const result = make(object);
    cache.set(object, result);
    return result;
  };
}
