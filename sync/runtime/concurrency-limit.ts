/** Runs work, at most a number of pieces at once. The others wait in their order. */
export type ConcurrencyLimit = <T>(work: () => Promise<T>) => Promise<T>;

export function createConcurrencyLimit(maxConcurrent: number): ConcurrencyLimit {
  const waiting: (() => void)[] = [];
  let active = 0;
  return async (work) => {
    if (active >= maxConcurrent) await new Promise<void>((resolve) => waiting.push(resolve));
    else active++;
    try {
      return await work();
    } finally {
      const next = waiting.shift(); // it takes over this place
      if (next) next();
      else active--;
    }
  };
}
