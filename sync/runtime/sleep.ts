import { setTimeout as delay } from "node:timers/promises";

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. It never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const sleep: Sleep = (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}); // rejects only if aborted
