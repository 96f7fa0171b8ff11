import { type FaultPlan, shouldFail } from "../fault-injection.ts";

/** Returns the keys of a batch that the fault `partialWrites` leaves out. */
export function failKeys(faults: FaultPlan, line: string, keys: readonly string[]): ReadonlySet<string> {
  if (keys.length === 0 || !shouldFail(faults, "partialWrites", line)) return new Set();
  return new Set(chooseKeys(faults, keys));
}

function chooseKeys({ partialWriteKeys, random }: FaultPlan, keys: readonly string[]): readonly string[] {
  if (partialWriteKeys instanceof RegExp) return keys.filter((key) => partialWriteKeys.test(key));
  switch (partialWriteKeys) {
    case "all":
      return keys;
    case "random":
      return keys.filter(() => random() < 0.5);
    case "half":
      return keys.slice(Math.floor(keys.length / 2));
  }
}
