/** Returns the value of a promise, or undefined after `ms`. */
export async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), ms);
  return Promise.race([promise, timeout.promise]).finally(() => clearTimeout(timer));
}
