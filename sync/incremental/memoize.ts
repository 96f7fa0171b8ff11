import { createObjectMemo } from "./memo.ts";

/** Calls `make` once for each object, and returns the same result from then on. */
export function memoize<T extends object, R>(make: (object: T) => R): (object: T) => R {
  const memo = createObjectMemo<T, R>();
  return (object) => memo(object, NO_INPUTS, () => make(object));
}

const NO_INPUTS: readonly unknown[] = [];
