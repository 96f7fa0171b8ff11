/** Calls `make` once for each object, and returns the same result from then on. */
export function memoize<T extends object, R>(make: (object: T) => R): (object: T) => R {
  const results = new WeakMap<T, R>();
  return (object) => {
    const known = results.get(object);
    if (known !== undefined || results.has(object)) return known as R;
    const result = make(object);
    results.set(object, result);
    return result;
  };
}
