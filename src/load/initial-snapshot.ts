import type { Env } from "../env.ts";
import { CURRENT_KEY } from "../rules/kv-keys.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { type ActiveSnapshot, createSnapshot } from "./active-snapshot.ts";
import { readFloor } from "./generation-floor.ts";
import { computeAge, logEvent } from "./log-event.ts";
import { createKvStore, createTimeoutError, readCopy, USE_COPY_AFTER_MS } from "./snapshot-store.ts";

/** A snapshot, and the time at which KV last returned it (Unix ms). */
interface StoredSnapshot {
  readonly snapshot: ActiveSnapshot;
  readonly storedAt: number;
}

/** The snapshot of a starting isolate. */
export interface InitialSnapshot extends StoredSnapshot {
  /** Whether it is the copy of this location. */
  readonly isCopy: boolean;
}

/**
 * Reads KV, the copy in this location and the floor. The newer manifest applies, because an older one may be a replay. The
 * copy applies too if KV does not respond in time.
 */
export async function loadInitialSnapshot(env: Env): Promise<InitialSnapshot> {
  const read = readPublished(env);
  const [inTime, copy, floor] = await Promise.all([
    withTimeout(read, USE_COPY_AFTER_MS),
    readManifestCopy(env),
    readFloor(env),
  ]);
  const usableCopy = rejectBelowFloor(copy, floor);
  const late = "error" in usableCopy ? await read : { error: createTimeoutError(USE_COPY_AFTER_MS) };
  const published = rejectBelowFloor(inTime ?? late, floor);
  const newest = chooseNewest(published, usableCopy);
  if ("error" in newest) throw newest.error;
  const { snapshot, storedAt } = newest;
  if ("error" in published) {
    const { generation } = snapshot.manifest;
    logEvent("snapshot-from-cache", { reason: published.error, generation, ageSeconds: computeAge(storedAt) });
  }
  return { snapshot, storedAt, isCopy: newest !== published };
}

/** A manifest or the reason of its absence. */
type ManifestRead = StoredSnapshot | { readonly error: unknown };

async function readPublished(env: Env): Promise<ManifestRead> {
  try {
    const snapshot = await createSnapshot(await createKvStore(env).manifest(), env);
    return { snapshot, storedAt: Date.now() };
  } catch (error) {
    return { error };
  }
}

async function readManifestCopy(env: Env): Promise<ManifestRead> {
  const copy = await readCopy(CURRENT_KEY);
  if (!copy) return { error: new Error(`not found: ${CURRENT_KEY}`) };
  const { storedAt } = copy;
  return await createSnapshot(copy.value, env).then(
    (snapshot) => ({ snapshot, storedAt }),
    (error: unknown) => ({ error }),
  );
}

function rejectBelowFloor(read: ManifestRead, floor = 0): ManifestRead {
  if ("error" in read) return read;
  const { generation } = read.snapshot.manifest;
  if (generation >= floor) return read;
  return { error: new Error(`generation ${generation} is older than generation ${floor}, which edges have served`) };
}

/** Returns the newer one of two manifests. Without any, the error of the published one. */
function chooseNewest(published: ManifestRead, copy: ManifestRead): ManifestRead {
  if ("error" in copy) return published;
  if ("error" in published) return copy;
  return published.snapshot.manifest.generation >= copy.snapshot.manifest.generation ? published : copy;
}
