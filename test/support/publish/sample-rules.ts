import { verifyManifest, verifyShard } from "../../../src/load/verify.ts";
import { CURRENT_KEY, GENERATION_PREFIX, shardKey } from "../../../src/rules/kv-keys.ts";
import type { HostRules, Manifest, Rules } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../../sync/cloudflare/kv.ts";
import { listShardDigests } from "../../../sync/publish/storage/manifest-blobs.ts";

const KIB = 1024;

/** Returns rules of about `bytes` for a host. The text distinguishes versions. */
export function buildHostRules(host: string, text: string, bytes = 0): HostRules {
  const path = { type: "prefix" as const, path: `/${text}${"x".repeat(bytes)}` };
  return { host, policies: {}, routes: [{ id: `default/${host}#0.0`, path, policies: {} }], backends: {} };
}

export function buildRules(hosts: readonly HostRules[]): Rules {
  return { zones: ["example.com"], hosts };
}

export function generateHosts(count: number, bytes: number): HostRules[] {
  return Array.from({ length: count }, (_, index) => buildHostRules(`host-${index}.example.com`, "a", bytes));
}

/** Reads all rules of the manifest under `key`. Rejects if a shard is missing or invalid. */
export async function readAllShards(
  kv: Kv,
  publicKey: string,
  key = CURRENT_KEY,
): Promise<{ manifest: Manifest; hosts: HostRules[] }> {
  const publisher = { publicKeys: publicKey, kvNamespaceId: kv.namespaceId };
  const manifest = await verifyManifest((await kv.get(key)) ?? "", publisher);
  const digests = listShardDigests(manifest);
  const shards = digests.map(async (digest) => verifyShard((await kv.get(shardKey(digest))) ?? "", digest));
  const hosts = (await Promise.all(shards)).flat();
  return { manifest, hosts: sortByHost(hosts) };
}

export function sortByHost(hosts: readonly HostRules[]): HostRules[] {
  return hosts.toSorted((a, b) => (a.host < b.host ? -1 : 1));
}

/** Returns rules of three hosts: one changes at every turn, one at every fourth, and one never. */
export function buildChangingRules(turn: number): Rules {
  return buildRules([
    buildHostRules("always.example.com", `turn-${turn}`, 60 * KIB),
    buildHostRules("never.example.com", "never", 60 * KIB),
    buildHostRules("sometimes.example.com", `turn-${Math.floor(turn / 4)}`, 60 * KIB),
  ]);
}

/** Returns the generations in the history, newest first. */
export async function listHistory(kv: Kv): Promise<number[]> {
  const generationKeys = await kv.list(GENERATION_PREFIX);
  return generationKeys.map((key) => Number(key.slice(GENERATION_PREFIX.length))).toSorted((a, b) => b - a);
}

/** Returns a serialized host whose settings are a text. */
export function withSettings(text: string) {
  return { settings: [{ key: "a", text }] };
}
