import type { Env } from "../env.ts";
import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import { errorMessage } from "../rules/error-message.ts";
import { listHostCandidates } from "../rules/hosts.ts";
import { CURRENT_KEY, computeShardIndex, shardKey } from "../rules/kv-keys.ts";
import type { Manifest } from "../rules/snapshot.ts";
import { createHostHandler } from "./host-handler.ts";
import type { LogEvent } from "./log-events.ts";
import { createCacheStore, createKvStore, type SnapshotStore } from "./snapshot-store.ts";
import { verifyManifest, verifyShard } from "./verify.ts";

const DEFAULT_SNAPSHOT_REFRESH_MS = 10_000;

/** The handler of each host, by its name in the rules. */
type HostHandlers = ReadonlyMap<string, Next>;

/** The snapshot that an isolate serves from, with the shards loaded so far. */
interface ActiveSnapshot {
  readonly manifest: Manifest;
  readonly bytes: string; // of the signed manifest
  readonly shards: Map<string, HostHandlers>; // by digest; grows with requests for other hosts
}

type Background = Pick<ExecutionContext, "waitUntil">;

// Kept across the requests of an isolate, so plain data and pure functions only: no promise, stream or Request.
let activeSnapshot: ActiveSnapshot | undefined;
let checkedAt = 0;

/** The snapshot for a request, or the reason for its absence. */
export type LoadResult =
  | { readonly ok: true; readonly manifest: Manifest; readonly hosts: HostHandlers }
  | { readonly ok: false; readonly reason: string };

/**
 * Returns the active snapshot with the handlers that may match `host`. It is refreshed in the background and never
 * delays a request. If a newer snapshot is unreadable or not verified, the last good one stays active.
 */
export async function load(env: Env, host: string, background: Background, now: number): Promise<LoadResult> {
  try {
    const snapshot = await getActiveSnapshot(env, background, now);
    return await buildLoadResult(snapshot, host, env, background).catch(async (error: unknown) => {
      // After a long idle time history may not contain this generation, so shards that were never loaded are gone.
      await refresh(env, snapshot, background);
      return activeSnapshot && activeSnapshot !== snapshot
        ? buildLoadResult(activeSnapshot, host, env, background)
        : Promise.reject(error);
    });
  } catch (error) {
    return { ok: false, reason: errorMessage(error) };
  }
}

async function buildLoadResult(
  snapshot: ActiveSnapshot,
  host: string,
  env: Env,
  background: Background,
): Promise<LoadResult> {
  return { ok: true, manifest: snapshot.manifest, hosts: await loadHostHandlers(snapshot, host, env, background) };
}

async function getActiveSnapshot(env: Env, background: Background, now: number): Promise<ActiveSnapshot> {
  if (activeSnapshot) {
    if (now - checkedAt >= Number(env.SNAPSHOT_REFRESH_MS ?? DEFAULT_SNAPSHOT_REFRESH_MS)) {
      checkedAt = now;
      background.waitUntil(refresh(env, activeSnapshot, background));
    }
    return activeSnapshot;
  }
  const snapshot = await loadInitialSnapshot(env, background);
  checkedAt = now;
  return activate(snapshot);
}

/** Activates a snapshot, unless another request has activated one of the same or a newer generation. */
function activate(newSnapshot: ActiveSnapshot): ActiveSnapshot {
  if (!activeSnapshot || activeSnapshot.manifest.generation < newSnapshot.manifest.generation)
    activeSnapshot = newSnapshot;
  return activeSnapshot;
}

async function loadHostHandlers(
  snapshot: ActiveSnapshot,
  host: string,
  env: Env,
  background: Background,
): Promise<HostHandlers> {
  const keys = listHostCandidates(host);
  const digests = findShardDigests(snapshot.manifest, keys);
  await loadShards(snapshot, digests, env, background);
  const handlers = keys.flatMap((key) => {
    const handler = digests.map((digest) => snapshot.shards.get(digest)?.get(key)).find(Boolean);
    return handler ? [[key, handler] as const] : [];
  });
  return new Map(handlers);
}

async function loadInitialSnapshot(env: Env, background: Background): Promise<ActiveSnapshot> {
  try {
    const bytes = await createKvStore(env).manifest();
    const manifest = await verifyManifest(bytes, env.EDGRESS_VERIFYING_KEY);
    background.waitUntil(createCacheStore().put(CURRENT_KEY, bytes));
    return { manifest, bytes, shards: new Map() };
  } catch (error) {
    logWarning("snapshot-from-cache", error);
    const bytes = await createCacheStore()
      .manifest()
      .catch(() => Promise.reject(error)); // the error of KV is the reason
    return { manifest: await verifyManifest(bytes, env.EDGRESS_VERIFYING_KEY), bytes, shards: new Map() };
  }
}

/** Activates a newer snapshot after loading every shard that is in use. It never rejects. */
async function refresh(env: Env, previousSnapshot: ActiveSnapshot, background: Background): Promise<void> {
  try {
    const bytes = await createKvStore(env).manifest();
    if (bytes === previousSnapshot.bytes) return;
    const manifest = await verifyManifest(bytes, env.EDGRESS_VERIFYING_KEY);
    // KV may return an older value after a newer one. A rollback is published with a higher generation.
    if (manifest.generation <= previousSnapshot.manifest.generation) return;
    const newSnapshot: ActiveSnapshot = { manifest, bytes, shards: reuseShards(previousSnapshot, manifest) };
    const hostsInUse = [...previousSnapshot.shards.values()].flatMap((hosts) => [...hosts.keys()]);
    await loadShards(newSnapshot, findShardDigests(manifest, hostsInUse), env, background);
    activate(newSnapshot);
    await createCacheStore().put(CURRENT_KEY, bytes);
  } catch (error) {
    logWarning("snapshot-rejected", error);
  }
}

function reuseShards({ shards }: ActiveSnapshot, manifest: Manifest): Map<string, HostHandlers> {
  const publishedDigests = new Set(manifest.shards);
  return new Map([...shards].filter(([digest]) => publishedDigests.has(digest)));
}

function findShardDigests({ shards }: Manifest, hosts: readonly string[]): string[] {
  const shardNumbers = new Set(hosts.map((host) => computeShardIndex(host, shards.length)));
  return [...shardNumbers].flatMap((number) => shards[number] ?? []);
}

async function loadShards(
  snapshot: ActiveSnapshot,
  digests: readonly string[],
  env: Env,
  background: Background,
): Promise<void> {
  const missingDigests = digests.filter((digest) => !snapshot.shards.has(digest));
  if (missingDigests.length === 0) return;
  const kv = createKvStore(env);
  const cache = createCacheStore();
  try {
    for (const [digest, bytes] of await readShards(snapshot, kv, missingDigests)) {
      background.waitUntil(cache.put(shardKey(digest), bytes));
    }
  } catch (error) {
    logWarning("shard-from-cache", error);
    await readShards(snapshot, cache, missingDigests).catch(() => Promise.reject(error));
  }
}

async function readShards(
  snapshot: ActiveSnapshot,
  store: SnapshotStore,
  digests: readonly string[],
): Promise<Map<string, string>> {
  const bytesByDigest = await store.shards(digests);
  for (const [digest, bytes] of bytesByDigest) {
    const shard = await verifyShard(bytes, digest);
    snapshot.shards.set(
      digest,
      new Map(shard.hosts.map((rules) => [rules.host, createHostHandler(rules, createForwarder)])),
    );
  }
  return bytesByDigest;
}

function logWarning(event: LogEvent, error: unknown): void {
  console.warn(JSON.stringify({ event, reason: errorMessage(error) }));
}
