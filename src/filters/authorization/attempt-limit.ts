/** Limits the wrong passwords of each client, so that guessing costs little CPU time. */
export interface AttemptLimit {
  /** Counts an attempt before it is checked, because attempts can run at the same time. False if too many were wrong. */
  begin(client: string, now: number): boolean;
  /** Removes the attempt from the count, because its password was right. */
  succeed(client: string): void;
}

const MAX_CLIENTS = 1000;

/** Creates a limit of `burst` wrong attempts at once, and one more each `intervalMs`. Times are in milliseconds. */
export function createAttemptLimit(burst: number, intervalMs: number): AttemptLimit {
  const emptyAt = new Map<string, number>(); // when the leaky bucket of a client is empty
  return {
    begin(client, now) {
      const fullAt = Math.max(emptyAt.get(client) ?? 0, now) + intervalMs;
      if (fullAt - now > burst * intervalMs) return false;
      emptyAt.delete(client); // so that the oldest is first
      emptyAt.set(client, fullAt);
      const [oldestClient] = emptyAt.keys();
      if (emptyAt.size > MAX_CLIENTS && oldestClient !== undefined) emptyAt.delete(oldestClient);
      return true;
    },
    succeed(client) {
      const time = emptyAt.get(client);
      if (time !== undefined) emptyAt.set(client, time - intervalMs);
    },
  };
}
