/** `make`, called once for each object, which is never changed: what it made is kept for as long as the object lives. */
export function onceEach<T extends object, R extends NonNullable<unknown>>(make: (object: T) => R): (object: T) => R {
  const made = new WeakMap<T, R>();
  return (object) => {
    const before = made.get(object);
    if (before !== undefined) return before;
    const fresh = make(object);
    made.set(object, fresh);
    return fresh;
  };
}
