import type { Env } from "../env.ts";
import type { Next } from "../filters/filter.ts";
import { forwarder } from "../forward/forward.ts";
import { hostKeys } from "../rules/hosts.ts";
import { CURRENT_KEY, shardKey, shardOf } from "../rules/keys.ts";
import type { Manifest } from "../rules/snapshot.ts";
import { handlerOf } from "./host.ts";
import { cacheStore, kvStore, type Store } from "./store.ts";
import { verifyManifest, verifyShard } from "./verify.ts";

const RECHECK_MS = 10_000;

/** What serves each host, by its name in the rules. */
type Hosts = ReadonlyMap<string, Next>;

/** The snapshot that an isolate serves from, as much of it as was asked for. */
interface InForce {
  readonly manifest: Manifest;
  readonly bytes: string; // of the signed manifest
  readonly shards: Map<string, Hosts>; // by digest; grows as hosts are asked for
}

type Background = Pick<ExecutionContext, "waitUntil">;

// Kept across the requests of an isolate, so plain data and pure functions only: never a promise, a stream or a Request.
let kept: InForce | undefined;
let checkedAt = 0;

/** What a request is served from, or why it cannot be. */
export type Loaded =
  | { readonly ok: true; readonly manifest: Manifest; readonly hosts: Hosts }
  | { readonly ok: false; readonly because: string };

/**
 * The snapshot in force, with the hosts that may take a request for `host`. It is looked at again in the background,
 * never on a request's way; what cannot be read or does not verify leaves the last good one in force.
 */
export async function load(env: Env, host: string, background: Background, now: number): Promise<Loaded> {
  try {
    const snapshot = await inForce(env, background, now);
    return await loadedFrom(snapshot, host, env, background).catch(async (error: unknown) => {
      // After a long rest the generation may be out of history, and shards that were never asked for gone with it.
      await renew(env, snapshot, background);
      return kept && kept !== snapshot ? loadedFrom(kept, host, env, background) : Promise.reject(error);
    });
  } catch (error) {
    return { ok: false, because: messageOf(error) };
  }
}

async function loadedFrom(snapshot: InForce, host: string, env: Env, background: Background): Promise<Loaded> {
  return { ok: true, manifest: snapshot.manifest, hosts: await hostsFor(snapshot, host, env, background) };
}

async function inForce(env: Env, background: Background, now: number): Promise<InForce> {
  if (kept) {
    if (now - checkedAt >= Number(env.RECHECK_MS ?? RECHECK_MS)) {
      checkedAt = now;
      background.waitUntil(renew(env, kept, background));
    }
    return kept;
  }
  const first = await start(env, background);
  checkedAt = now;
  return adopt(first);
}

/** Puts a snapshot in force, unless another request was quicker and its snapshot is as new. */
function adopt(next: InForce): InForce {
  if (!kept || kept.manifest.generation < next.manifest.generation) kept = next;
  return kept;
}

async function hostsFor(snapshot: InForce, host: string, env: Env, background: Background): Promise<Hosts> {
  const keys = hostKeys(host);
  const digests = digestsOf(snapshot.manifest, keys);
  await loadShards(snapshot, digests, env, background);
  const loaded = keys.flatMap((key) => {
    const found = digests.map((digest) => snapshot.shards.get(digest)?.get(key)).find(Boolean);
    return found ? [[key, found] as const] : [];
  });
  return new Map(loaded);
}

async function start(env: Env, background: Background): Promise<InForce> {
  try {
    const bytes = await kvStore(env).manifest();
    const manifest = await verifyManifest(bytes, env.MANIFEST_PUBLIC_KEY);
    background.waitUntil(cacheStore().keep(CURRENT_KEY, bytes));
    return { manifest, bytes, shards: new Map() };
  } catch (error) {
    warn("snapshot-from-copy", error);
    const bytes = await cacheStore()
      .manifest()
      .catch(() => Promise.reject(error)); // what KV said is the reason
    return { manifest: await verifyManifest(bytes, env.MANIFEST_PUBLIC_KEY), bytes, shards: new Map() };
  }
}

/** Puts a newer snapshot in force, once every shard that is in use here is loaded. It never rejects. */
async function renew(env: Env, before: InForce, background: Background): Promise<void> {
  try {
    const bytes = await kvStore(env).manifest();
    if (bytes === before.bytes) return;
    const manifest = await verifyManifest(bytes, env.MANIFEST_PUBLIC_KEY);
    // KV may show an older value after a newer one; only a publication goes back, and it counts up.
    if (manifest.generation <= before.manifest.generation) return;
    const next: InForce = { manifest, bytes, shards: unchanged(before, manifest) };
    const inUse = [...before.shards.values()].flatMap((hosts) => [...hosts.keys()]);
    await loadShards(next, digestsOf(manifest, inUse), env, background);
    adopt(next);
    await cacheStore().keep(CURRENT_KEY, bytes);
  } catch (error) {
    warn("snapshot-refused", error);
  }
}

function unchanged({ shards }: InForce, manifest: Manifest): Map<string, Hosts> {
  const still = new Set(manifest.shards);
  return new Map([...shards].filter(([digest]) => still.has(digest)));
}

function digestsOf({ shards }: Manifest, hosts: readonly string[]): string[] {
  const numbers = new Set(hosts.map((host) => shardOf(host, shards.length)));
  return [...numbers].flatMap((number) => shards[number] ?? []);
}

async function loadShards(
  snapshot: InForce,
  digests: readonly string[],
  env: Env,
  background: Background,
): Promise<void> {
  const missing = digests.filter((digest) => !snapshot.shards.has(digest));
  if (missing.length === 0) return;
  const kv = kvStore(env);
  const copies = cacheStore();
  try {
    for (const [digest, bytes] of await readShards(snapshot, kv, missing)) {
      background.waitUntil(copies.keep(shardKey(digest), bytes));
    }
  } catch (error) {
    warn("shard-from-copy", error);
    await readShards(snapshot, copies, missing).catch(() => Promise.reject(error));
  }
}

async function readShards(snapshot: InForce, store: Store, digests: readonly string[]): Promise<Map<string, string>> {
  const found = await store.shards(digests);
  for (const [digest, bytes] of found) {
    const shard = await verifyShard(bytes, digest);
    snapshot.shards.set(digest, new Map(shard.hosts.map((rules) => [rules.host, handlerOf(rules, forwarder)])));
  }
  return found;
}

function warn(event: string, error: unknown): void {
  console.warn(JSON.stringify({ event, because: messageOf(error) }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
