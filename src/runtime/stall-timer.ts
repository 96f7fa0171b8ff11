/** A timer that limits each of many waits. */
export interface StallTimer {
  /** Starts a wait. */
  start(): void;
  /** Ends the wait. */
  stop(): void;
}

/**
 * Runs work whose waits may each take up to `ms`. Rejects with `createError()` if a wait takes longer; the work then goes
 * on unobserved. It also rejects if `expiry` aborts. One timer serves all waits, because a timer for each part of a stream
 * costs more than the part.
 */
export async function limitWaits<T>(
  ms: number,
  createError: () => Error,
  work: (timer: StallTimer) => Promise<T>,
  expiry?: AbortSignal,
): Promise<T> {
  const stalled = Promise.withResolvers<never>();
  let waitingSince: number | undefined;
  const check = (): void => {
    const waitedMs = waitingSince === undefined ? 0 : Date.now() - waitingSince;
    if (waitedMs >= ms) stalled.reject(createError());
    else timer = setTimeout(check, ms - waitedMs);
  };
  let timer = setTimeout(check, ms);
  expiry?.addEventListener("abort", () => stalled.reject(expiry.reason));
  const start = () => {
    waitingSince = Date.now();
  };
  const stop = () => {
    waitingSince = undefined;
  };
  return Promise.race([work({ start, stop }), stalled.promise]).finally(() => clearTimeout(timer));
}
