import type { Env } from "../env.ts";
import { errorMessage } from "../rules/error-message.ts";
import { CURRENT_KEY } from "../rules/kv-keys.ts";
import type { Manifest } from "../rules/snapshot.ts";
import { isInShare } from "../rules/storage/client-share.ts";
import { createByteCache } from "../runtime/byte-cache.ts";
import { type ActiveSnapshot, type BlobCache, createSnapshot, forgetHost, retainBlobs } from "./active-snapshot.ts";
import type { Background } from "./blob-reader.ts";
import { raiseFloor } from "./generation-floor.ts";
import { findHostMatch, type LookupContext, preloadHosts } from "./host-lookup.ts";
import { type HostMatch, MAX_COMPRESSED_BYTES, MAX_HANDLER_BYTES, MAX_TEXT_BYTES } from "./host-match.ts";
import { loadInitialSnapshot } from "./initial-snapshot.ts";
import { findLoadedMatch } from "./loaded-hosts.ts";
import { clearRejection, computeAge, logEvent } from "./log-event.ts";
import { doOnce } from "./shared-work.ts";
import { createKvStore, KvUnavailableError, putCopy } from "./snapshot-store.ts";

const DEFAULT_SNAPSHOT_REFRESH_MS = 10_000;
/** A location may drop a copy that is not renewed, and its age shows when KV last confirmed it. */
const RENEW_COPY_AFTER_MS = 3_600_000;

// Kept across the requests of an isolate, so plain data and pure functions only: no promise, stream or Request.
let activeSnapshot: ActiveSnapshot | undefined;
let checkedAt = 0;
let confirmedAt = 0; // when KV last returned the active snapshot
let copiedAt = 0;
const blobs: BlobCache = {
  filters: new Map(),
  shards: createByteCache(MAX_COMPRESSED_BYTES),
  texts: createByteCache(MAX_TEXT_BYTES),
  hosts: createByteCache<HostMatch>(MAX_HANDLER_BYTES, (match) => activeSnapshot && forgetHost(activeSnapshot, match)),
};

/** The host and the client of a request. Without a host, no rules are looked up. */
export interface LoadRequest {
  readonly host?: string;
  readonly clientIp?: string;
}

/** The snapshot for a request and the handler for its host, or the reason for the absence of a snapshot. */
export type LoadResult =
  | {
      readonly ok: true;
      readonly manifest: Manifest;
      readonly match: HostMatch | undefined;
      /** Whether the client belongs to the share of the candidate. */
      readonly isCandidate: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Returns the active snapshot with the handler for the host; at once if its handler is kept. It is refreshed in the
 * background and never delays a request. If a newer snapshot is unreadable or not verified, the last good one stays active.
 */
export function load(
  env: Env,
  request: LoadRequest,
  background: Background,
  now: number,
): LoadResult | Promise<LoadResult> {
  return findLoaded(env, request, background, now) ?? loadMissing(env, request, background, now);
}

/** Returns the result for a host whose handler, or the text of its shard, is kept. Else undefined. */
function findLoaded(
  env: Env,
  { host, clientIp = "" }: LoadRequest,
  background: Background,
  now: number,
): LoadResult | undefined {
  if (!activeSnapshot) return undefined;
  refreshIfDue(env, activeSnapshot, background, now);
  const { manifest, active, candidate } = activeSnapshot;
  const isCandidate = candidate !== undefined && isInShare(clientIp, candidate.settings);
  if (!host) return { ok: true, manifest, match: undefined, isCandidate };
  const match = findLoadedMatch(isCandidate ? candidate : active, host, blobs, manifest.hashKey);
  if (match === "not-loaded") return undefined;
  return { ok: true, manifest, match: match === "no-match" ? undefined : match, isCandidate };
}

/** Reads missing blobs, and returns the result. */
async function loadMissing(env: Env, request: LoadRequest, background: Background, now: number): Promise<LoadResult> {
  try {
    const snapshot = await getActiveSnapshot(env, background, now);
    return await buildLoadResult(snapshot, request, env, background).catch(async (error: unknown) => {
      if (error instanceof KvUnavailableError) throw error; // another read would only delay the visitor
      // After a long idle time history may not contain this generation, so shards that were never loaded are gone.
      await refresh(env, snapshot, background);
      return activeSnapshot && activeSnapshot !== snapshot
        ? buildLoadResult(activeSnapshot, request, env, background)
        : Promise.reject(error);
    });
  } catch (error) {
    return { ok: false, reason: errorMessage(error) };
  }
}

async function buildLoadResult(
  snapshot: ActiveSnapshot,
  { host, clientIp = "" }: LoadRequest,
  env: Env,
  background: Background,
): Promise<LoadResult> {
  const { manifest, active, candidate } = snapshot;
  const isCandidate = candidate !== undefined && isInShare(clientIp, candidate.settings);
  const context = createContext(snapshot, env, background);
  const match = host ? await findHostMatch(isCandidate ? candidate : active, host, context) : undefined;
  return { ok: true, manifest, match, isCandidate };
}

async function getActiveSnapshot(env: Env, background: Background, now: number): Promise<ActiveSnapshot> {
  if (activeSnapshot) return activeSnapshot;
  const started = await doOnce(CURRENT_KEY, background, () => startSnapshot(env, background, now));
  return started?.value ?? activeSnapshot ?? startSnapshot(env, background, now);
}

async function startSnapshot(env: Env, background: Background, now: number): Promise<ActiveSnapshot> {
  const { snapshot, storedAt, isCopy } = await loadInitialSnapshot(env);
  checkedAt = now;
  confirmedAt = storedAt;
  if (!isCopy) background.waitUntil(copyManifest(snapshot));
  background.waitUntil(raiseFloor(env, snapshot.manifest.generation));
  return activate(snapshot);
}

function refreshIfDue(env: Env, snapshot: ActiveSnapshot, background: Background, now: number): void {
  if (now - checkedAt < Number(env.SNAPSHOT_REFRESH_MS ?? DEFAULT_SNAPSHOT_REFRESH_MS)) return;
  checkedAt = now;
  background.waitUntil(refresh(env, snapshot, background));
}

/** Activates a snapshot, unless another request has activated one of the same or a newer generation. */
function activate(newSnapshot: ActiveSnapshot): ActiveSnapshot {
  if (!activeSnapshot || activeSnapshot.manifest.generation < newSnapshot.manifest.generation) {
    activeSnapshot = newSnapshot;
    retainBlobs(blobs, newSnapshot);
  }
  return activeSnapshot;
}

async function copyManifest({ bytes }: ActiveSnapshot): Promise<void> {
  copiedAt = Date.now();
  await putCopy(CURRENT_KEY, bytes);
}

/** Notes that KV has returned the active snapshot, and renews its copy from time to time. */
async function confirm(snapshot: ActiveSnapshot): Promise<void> {
  clearRejection();
  confirmedAt = Date.now();
  if (confirmedAt - copiedAt >= RENEW_COPY_AFTER_MS) await copyManifest(snapshot);
}

/** Activates a newer snapshot after loading the shards of hosts that are in use. It never rejects. */
async function refresh(env: Env, previousSnapshot: ActiveSnapshot, background: Background): Promise<void> {
  const describeSnapshot = (error: unknown) => ({
    reason: error,
    generation: previousSnapshot.manifest.generation,
    ageSeconds: computeAge(confirmedAt),
  });
  const bytes = await createKvStore(env)
    .manifest()
    .catch((error: unknown) => logEvent("kv-unavailable", describeSnapshot(error)));
  if (bytes === undefined) return;
  try {
    if (bytes === previousSnapshot.bytes) return await confirm(previousSnapshot);
    const newSnapshot = await createSnapshot(bytes, env);
    const { generation } = newSnapshot.manifest;
    // KV may return an older value after a newer one. A rollback is published with a higher generation.
    if (generation <= previousSnapshot.manifest.generation) return;
    const usedHosts = [...new Set(blobs.hosts.list().map(({ host }) => host))];
    await preloadHosts(newSnapshot.active, usedHosts, createContext(newSnapshot, env, background));
    activate(newSnapshot);
    clearRejection();
    confirmedAt = Date.now();
    await Promise.all([copyManifest(newSnapshot), raiseFloor(env, generation)]);
  } catch (error) {
    logEvent("snapshot-rejected", describeSnapshot(error));
  }
}

function createContext({ manifest }: ActiveSnapshot, env: Env, background: Background): LookupContext {
  return { blobs, hashKey: manifest.hashKey, env, background };
}
