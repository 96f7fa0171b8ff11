import type { Env } from "../env.ts";
import { withTimeout } from "../runtime/timeout.ts";

const READ_TIMEOUT_MS = 300;

/**
 * Returns the lowest generation that a starting isolate may serve. Undefined if the Durable Object does not answer in
 * 300 ms, because its outage must not delay or stop requests.
 */
export async function readFloor(env: Env): Promise<number | undefined> {
  const floor = getFloor(env);
  return (
    floor &&
    (await withTimeout(
      floor.read().catch(() => undefined),
      READ_TIMEOUT_MS,
    ))
  );
}

/** Records a generation that edges serve. Never rejects. */
export async function raiseFloor(env: Env, generation: number): Promise<void> {
  await getFloor(env)
    ?.raise(generation)
    .catch(() => {});
}

/** One object for each KV namespace and key pair: another namespace or other keys begin again at generation 1. */
function getFloor({ FLOOR, EDGRESS_KV_NAMESPACE_ID, EDGRESS_VERIFYING_KEY }: Env) {
  const newestKey = EDGRESS_VERIFYING_KEY.split(",").at(-1)?.trim();
  return FLOOR?.getByName(`${EDGRESS_KV_NAMESPACE_ID} ${newestKey}`);
}
