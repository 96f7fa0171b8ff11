import type { KvStepHook } from "../interruptible-kv.ts";

/** Two writers whose operations on KV alternate, until one of them has ended. */
export interface Lockstep {
  /** Runs a writer with the hook of its operations. */
  run<T>(write: (onStep: KvStepHook) => Promise<T>): Promise<T>;
}

/** Creates the lockstep of two writers. Each operation waits until the other writer has begun its next one. */
export function createLockstep(): Lockstep {
  const waiting: (() => void)[] = [];
  let running = 2;
  const release = () => {
    if (waiting.length < running) return;
    for (const resume of waiting.splice(0)) resume();
  };
  return {
    async run(write) {
      const onStep: KvStepHook = (step) => {
        if (!step.startsWith("before") && !step.startsWith("after put")) return undefined;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        release();
        return promise;
      };
      try {
        return await write(onStep);
      } finally {
        running -= 1;
        release();
      }
    },
  };
}
