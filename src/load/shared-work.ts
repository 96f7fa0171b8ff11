import type { Background } from "./blob-reader.ts";

/** Longer than a read of KV and of the copy may take. */
const MAX_WAIT_MS = 4500;
const POLL_MS = 3;

interface SharedWork {
  readonly startedAt: number; // Unix ms
  outcome: "pending" | "done" | { readonly error: unknown };
}

// Kept across the requests of an isolate, so plain data only. A promise would belong to the request that created it: it never
// settles after that request has ended. See https://github.com/cloudflare/workerd/pull/2719
const inProgress = new Map<string, SharedWork>();

/**
 * Does work that all requests of an isolate need. If another request does it already, waits for that one with timers, and
 * returns undefined or rejects with its error. The work continues if the client leaves.
 */
export async function doOnce<T>(
  name: string,
  background: Background,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const other = inProgress.get(name);
  if (other && (await waitForOutcome(other))) return undefined;
  const own: SharedWork = { startedAt: Date.now(), outcome: "pending" };
  inProgress.set(name, own);
  const result = runShared(name, own, work);
  background.waitUntil(result.catch(() => {}));
  return { value: await result };
}

/** Whether the work ended in time. Rejects if it failed. */
async function waitForOutcome(work: SharedWork): Promise<boolean> {
  while (work.outcome === "pending") {
    if (Date.now() - work.startedAt >= MAX_WAIT_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (work.outcome !== "done") throw work.outcome.error;
  return true;
}

async function runShared<T>(name: string, own: SharedWork, work: () => Promise<T>): Promise<T> {
  try {
    const value = await work();
    own.outcome = "done";
    return value;
  } catch (error) {
    own.outcome = { error };
    throw error;
  } finally {
    if (inProgress.get(name) === own) inProgress.delete(name);
  }
}
