import type { Env } from "../env.ts";
import type { Next } from "../request/filter.ts";
import { errorMessage } from "../rules/error-message.ts";
import { createHostFilter, type HostFilter } from "../rules/host-filter.ts";
import { listHostCandidates } from "../rules/hosts.ts";
import { CURRENT_KEY, computeShardIndex, shardKey } from "../rules/kv-keys.ts";
import type { Manifest } from "../rules/snapshot.ts";
import { decodeBase64 } from "../runtime/base64.ts";
import { raiseFloor, readFloor } from "./generation-floor.ts";
import { clearRejection, logWarning } from "./log-warning.ts";
import { createShardCache, findHandler, type LoadedShard, type ShardCache } from "./shard-cache.ts";
import { createCacheStore, createKvStore, type SnapshotStore } from "./snapshot-store.ts";
import { verifyManifest, verifyShard } from "./verify.ts";

const DEFAULT_SNAPSHOT_REFRESH_MS = 10_000;

/** The handler of each host that may match a request, by its name in the rules. */
type HostHandlers = ReadonlyMap<string, Next>;

/** The snapshot that an isolate serves from, with the shards loaded so far. */
interface ActiveSnapshot {
  readonly manifest: Manifest;
  readonly bytes: string; // of the signed manifest
  readonly hostFilter: HostFilter;
  readonly shards: ShardCache;
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

/** Loads no shard for a host name that is not published, because clients can send any number of names. */
async function loadHostHandlers(
  snapshot: ActiveSnapshot,
  host: string,
  env: Env,
  background: Background,
): Promise<HostHandlers> {
  const keys = listHostCandidates(host).filter((key) => snapshot.hostFilter.mayContain(key));
  const digests = findShardDigests(snapshot.manifest, keys);
  // Kept for this request: without the shard of its host, a less specific host would answer without its guards.
  const shards = await loadShards(snapshot, digests, env, background);
  const handlers = keys.flatMap((key) => {
    const handler = findHandler(shards, key);
    return handler ? [[key, handler] as const] : [];
  });
  return new Map(handlers);
}

/** Reads KV, the copy in this location and the floor. The newer manifest applies, because an older one may be a replay. */
async function loadInitialSnapshot(env: Env, background: Background): Promise<ActiveSnapshot> {
  const cacheStore = createCacheStore();
  const [published, copy, floor] = await Promise.all([
    readManifest(createKvStore(env), env).catch((error: unknown) => ({ error })),
    readManifest(cacheStore, env).catch((error: unknown) => ({ error })),
    readFloor(env),
  ]);
  const snapshot = chooseNewest(published, copy);
  if ("error" in snapshot) throw "error" in published ? published.error : snapshot.error;
  if ("error" in published) logWarning("snapshot-from-cache", published.error);
  const { generation } = snapshot.manifest;
  if (floor !== undefined && generation < floor)
    throw new Error(`generation ${generation} is older than generation ${floor}, which edges have served`);
  if (snapshot === published) background.waitUntil(cacheStore.put(CURRENT_KEY, snapshot.bytes));
  background.waitUntil(raiseFloor(env, generation));
  return snapshot;
}

type ManifestRead = ActiveSnapshot | { readonly error: unknown };

function chooseNewest(published: ManifestRead, copy: ManifestRead): ManifestRead {
  if ("error" in copy) return published;
  if ("error" in published) return copy;
  return published.manifest.generation >= copy.manifest.generation ? published : copy;
}

async function readManifest(store: SnapshotStore, env: Env): Promise<ActiveSnapshot> {
  return createSnapshot(await store.manifest(), env, createShardCache());
}

async function createSnapshot(bytes: string, env: Env, shards: ShardCache): Promise<ActiveSnapshot> {
  const publisher = { publicKeys: env.EDGRESS_VERIFYING_KEY, kvNamespaceId: env.EDGRESS_KV_NAMESPACE_ID };
  const manifest = await verifyManifest(bytes, publisher);
  return { manifest, bytes, hostFilter: createHostFilter(decodeBase64(manifest.hostFilter), manifest.hashKey), shards };
}

/** Activates a newer snapshot after loading the shards of hosts that are in use. It never rejects. */
async function refresh(env: Env, previousSnapshot: ActiveSnapshot, background: Background): Promise<void> {
  try {
    const bytes = await createKvStore(env).manifest();
    if (bytes === previousSnapshot.bytes) return clearRejection();
    const verified = await createSnapshot(bytes, env, createShardCache());
    const { manifest } = verified;
    // KV may return an older value after a newer one. A rollback is published with a higher generation.
    if (manifest.generation <= previousSnapshot.manifest.generation) return;
    const newSnapshot = { ...verified, shards: previousSnapshot.shards.keep(new Set(manifest.shards)) };
    await loadShards(newSnapshot, findShardDigests(manifest, previousSnapshot.shards.listHosts()), env, background);
    activate(newSnapshot);
    clearRejection();
    await Promise.all([createCacheStore().put(CURRENT_KEY, bytes), raiseFloor(env, manifest.generation)]);
  } catch (error) {
    logWarning("snapshot-rejected", error);
  }
}

function findShardDigests({ shards, hashKey }: Manifest, hosts: readonly string[]): string[] {
  const shardNumbers = new Set(hosts.map((host) => computeShardIndex(host, shards.length, hashKey)));
  return [...shardNumbers].flatMap((number) => shards[number] ?? []);
}

/** Returns the shards, loaded or read now. Rejects if one is missing in KV and in the cache. */
async function loadShards(
  snapshot: ActiveSnapshot,
  digests: readonly string[],
  env: Env,
  background: Background,
): Promise<LoadedShard[]> {
  const loadedShards = digests.flatMap((digest) => snapshot.shards.get(digest) ?? []);
  const missingDigests = digests.filter((digest) => !snapshot.shards.has(digest));
  if (missingDigests.length === 0) return loadedShards;
  const cache = createCacheStore();
  const onRead = (digest: string, bytes: string) => background.waitUntil(cache.put(shardKey(digest), bytes));
  const readMissing = readShards(snapshot, createKvStore(env), missingDigests, onRead).catch((error: unknown) => {
    logWarning("shard-from-cache", error);
    return readShards(snapshot, cache, missingDigests).catch(() => Promise.reject(error));
  });
  return [...loadedShards, ...(await readMissing)];
}

async function readShards(
  { shards }: ActiveSnapshot,
  store: SnapshotStore,
  digests: readonly string[],
  onRead: (digest: string, bytes: string) => void = () => {},
): Promise<LoadedShard[]> {
  const loadedShards: LoadedShard[] = [];
  for (const [digest, bytes] of await store.shards(digests)) {
    loadedShards.push(shards.add(digest, bytes.length, await verifyShard(bytes, digest)));
    onRead(digest, bytes);
  }
  return loadedShards;
}
