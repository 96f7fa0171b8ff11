import fc from "fast-check";

/** The time of each target in /targets, as shares. A target that starts processes needs more. */
export const TARGET_SHARES: Readonly<Record<string, number>> = {
  annotations: 2,
  "api-answers": 1,
  decisions: 2,
  manifests: 2,
  objects: 2,
  "raw-requests": 2,
  snapshots: 2,
};

/** Prepares the inputs and the servers of a target. Each file in targets/ exports one as `startTarget`. */
export type StartTarget = () => Promise<StartedTarget>;

export interface StartedTarget {
  readonly properties: readonly FuzzProperty[];
  close(): Promise<void>;
}

/** A property of all inputs. */
export interface FuzzProperty {
  readonly name: string;
  readonly run: fc.IRawProperty<unknown>;
  /** Number of inputs so far. */
  readonly countInputs: () => number;
}

/** Prints each input before its check, to find the one that ends the process. */
const PRINTS_INPUTS = process.env.FUZZ_PRINT_INPUTS !== undefined;

/** Creates a property. `check` throws for an input that violates it. `sizeOf` returns the number of inputs in a batch. */
export function defineProperty<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  check: (input: T) => Promise<void> | void,
  sizeOf: (input: T) => number = () => 1,
): FuzzProperty {
  let inputs = 0;
  const run = fc.asyncProperty(arbitrary, async (input) => {
    inputs += sizeOf(input);
    if (PRINTS_INPUTS) process.stderr.write(`${name} ${fc.stringify(input)}\n`);
    await check(input);
  });
  return { name, run: run as fc.IRawProperty<unknown>, countInputs: () => inputs };
}

/** Starts nothing: for properties that need no server. */
export async function startWithoutServer(properties: readonly FuzzProperty[]): Promise<StartedTarget> {
  return { properties, close: async () => {} };
}
