import { setTimeout as sleep } from "node:timers/promises";

const POLL_INTERVAL_MS = 15;
const TIMEOUT_MS = 10_000;
/** The EDGRESS_STATUS_TOKEN of the local edge. */
export const LOCAL_STATUS_TOKEN = "local-status";
/** The headers of a request for the generation. */
export const STATUS_HEADERS = { Authorization: `Bearer ${LOCAL_STATUS_TOKEN}` };
const POLL_ID = "edgress-wait-for-generation";
const POLL_HEADERS = { ...STATUS_HEADERS, "X-Request-ID": POLL_ID };

/** Whether a line of the Worker is the access line of `readGeneration`. */
export function isPollLine(line: string): boolean {
  return line.includes(`"requestId":"${POLL_ID}"`);
}

/** Returns the generation that the edge serves, 0 if none. Each call makes the edge check for a newer one. */
export async function readGeneration(edge: URL): Promise<number> {
  const response = await fetch(new URL("/.well-known/edgress/generation", edge), { headers: POLL_HEADERS });
  const body = (await response.json()) as { generation?: number };
  return body.generation ?? 0;
}

/** Resolves when the edge serves `generation` or a later one. */
export async function waitForGeneration(edge: URL, generation: number): Promise<void> {
  const startedAt = Date.now();
  while (Date.now() - startedAt < TIMEOUT_MS) {
    if ((await readGeneration(edge)) >= generation) return;
    await sleep(POLL_INTERVAL_MS);
  }
  throw new Error(`the local edge does not serve generation ${generation} after ${TIMEOUT_MS} ms`);
}
