import type { HashKey } from "../../src/rules/half-sip-hash.ts";
import type { Manifest } from "../../src/rules/snapshot.ts";
import type { MemoryKv } from "../support/memory-kv.ts";
import { KEYS } from "../support/publish/signing.ts";

// The modules of an isolate in this process. Their types are of workerd, so they are imported without them.

/** The parts of src/load that the fuzz targets use. */
interface LoadModules {
  createSnapshot(bytes: string, env: object): Promise<IsolateSnapshot>;
  findHostMatch(side: object, host: string, context: object): Promise<{ readonly host: string } | undefined>;
  load(env: object, request: { readonly host: string }, background: Background, now: number): Promise<LoadAnswer>;
  createByteCache(maxBytes: number): object;
}

interface IsolateSnapshot {
  readonly manifest: Manifest & { readonly hashKey: HashKey };
  readonly active: object;
  readonly candidate: object | undefined;
}

interface Background {
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface LoadAnswer {
  readonly ok: boolean;
  readonly reason?: string;
  readonly match?: { readonly host: string };
}

const MAX_BYTES = 1024 * 1024;

// A location without copies.
Object.assign(globalThis, { caches: { default: { match: async () => undefined, put: async () => {} } } });

async function importLoad<K extends keyof LoadModules>(file: string): Promise<Pick<LoadModules, K>> {
  return (await import(`../../src/load/${file}`)) as Pick<LoadModules, K>;
}

const { createSnapshot } = await importLoad<"createSnapshot">("active-snapshot.ts");
const { findHostMatch } = await importLoad<"findHostMatch">("host-lookup.ts");
const { createByteCache } = await importLoad<"createByteCache">("../runtime/byte-cache.ts");
/** The loader of one isolate, which keeps its active snapshot. */
export const { load } = await importLoad<"load">("load.ts");

/** The environment of an isolate that reads `values`. */
export function createIsolateEnv(kv: MemoryKv, values: ReadonlyMap<string, string> = kv.values) {
  const get = async (keys: string | string[]) =>
    typeof keys === "string" ? (values.get(keys) ?? null) : new Map(keys.map((key) => [key, values.get(key) ?? null]));
  return {
    RULES: { get },
    EDGRESS_VERIFYING_KEY: KEYS.publicKey,
    EDGRESS_KV_NAMESPACE_ID: kv.namespaceId,
    SNAPSHOT_REFRESH_MS: "0",
  };
}

/** Looks up a host on each side of a manifest, as a cold isolate does. Rejects if a value is invalid. */
export async function lookUpHost(env: object, manifestBytes: string, host: string): Promise<void> {
  const snapshot = await createSnapshot(manifestBytes, env);
  const [shards, texts, hosts] = [1, 2, 3].map(() => createByteCache(MAX_BYTES));
  const blobs = { filters: new Map(), shards, texts, hosts };
  const background = { waitUntil: (work: Promise<unknown>) => void work.catch(() => undefined) };
  const context = { blobs, hashKey: snapshot.manifest.hashKey, env, background };
  for (const side of [snapshot.active, snapshot.candidate]) if (side) await findHostMatch(side, host, context);
}
