/** Resolves with the first value of `probe` that is neither undefined nor false. */
export async function waitFor<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 30_000,
  intervalMs = 5,
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() - startedAt > limitMs) throw new Error(`not true within ${limitMs} ms: ${probe}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
