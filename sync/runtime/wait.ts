import { sleep } from "./sleep.ts";

/** Resolves with whether `event` resolves within `timeoutMs` and before `signal` is aborted. Rejects if `event` rejects. */
export async function resolvesWithin(
  event: Promise<unknown>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(timeoutMs, AbortSignal.any([signal, timer.signal])).then(() => false);
  try {
    return await Promise.race([event.then(() => true), timeout]);
  } finally {
    timer.abort();
  }
}
