/** Returns the value of a promise, or undefined after `ms`. */
export async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), ms);
  return Promise.race([promise, timeout.promise]).finally(() => clearTimeout(timer));
}

// Only workerd has it.
const { scheduler } = globalThis as { readonly scheduler?: { wait(ms: number): Promise<void> } };

/**
 * Calls a function after `ms`, unless the request ends first. It cannot be canceled, which makes it cheaper than
 * `setTimeout`: workerd creates no timer object.
 */
export function callAfter(ms: number, callback: () => void): void {
  if (scheduler) void scheduler.wait(ms).then(callback);
  else setTimeout(callback, ms);
}

/** Waits for `ms`, unless the request ends first. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => callAfter(ms, resolve));
}
