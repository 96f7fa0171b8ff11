import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 15;
const LIMIT_MS = 10_000;

/** Resolves when the edge serves from `generation` or a later one; each question makes the edge look for it. */
export async function untilInForce(edge: URL, generation: number): Promise<void> {
  const asked = Date.now();
  while (Date.now() - asked < LIMIT_MS) {
    const response = await fetch(new URL("/.well-known/edgress/generation", edge));
    const found = (await response.json()) as { generation?: number };
    if ((found.generation ?? 0) >= generation) return;
    await sleep(PAUSE_MS);
  }
  throw new Error(`the local edge does not serve generation ${generation} after ${LIMIT_MS} ms`);
}
