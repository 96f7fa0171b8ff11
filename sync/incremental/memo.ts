/** The values that a result depends on. They are compared by identity, and a list by the identity of its items. */
export type Inputs = readonly unknown[];

/** Returns the last result if `inputs` are the same as then. */
export type Memo<T> = (inputs: Inputs, create: () => T) => T;

/** Returns the last result for `object` if `inputs` are the same as then. */
export type ObjectMemo<K extends object, T> = (object: K, inputs: Inputs, create: () => T) => T;

interface Entry<T> {
  readonly inputs: Inputs;
  readonly value: T;
}

/** Remembers one result. */
export function createMemo<T>(): Memo<T> {
  let entry: Entry<T> | undefined;
  return (inputs, create) => {
    if (!entry || !areSameInputs(entry.inputs, inputs)) entry = { inputs, value: create() };
    return entry.value;
  };
}

/** Remembers one result for each object, until the object is garbage. An object must never change in place. */
export function createObjectMemo<K extends object, T>(): ObjectMemo<K, T> {
  const memos = new WeakMap<K, Entry<T>>();
  return (object, inputs, create) => {
    const previous = memos.get(object);
    if (previous && areSameInputs(previous.inputs, inputs)) return previous.value;
    const value = create();
    memos.set(object, { inputs, value });
    return value;
  };
}

/** Whether the inputs of two calls are the same. */
export function areSameInputs(a: Inputs, b: Inputs): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const [input, other] = [a[index], b[index]];
    if (input !== other && !(Array.isArray(input) && Array.isArray(other) && isSameList(input, other))) return false;
  }
  return true;
}

/** Whether two lists have the same items, by identity. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
