import { verifyManifest, verifyShard } from "../../src/load/verify.ts";
import { CURRENT_KEY, shardKey } from "../../src/rules/kv-keys.ts";
import type { HostRules, Manifest, Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";

/** Rules for a host of about `bytes`; the text tells one version from another. */
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

/** The whole of what an edge would serve from the manifest under `key`. Rejects unless every shard is there and verifies. */
export async function readAllShards(
  kv: Kv,
  publicKey: string,
  key = CURRENT_KEY,
): Promise<{ manifest: Manifest; hosts: HostRules[] }> {
  const manifest = await verifyManifest((await kv.get(key)) ?? "", publicKey);
  const digests = manifest.shards.filter((digest) => digest !== null);
  const shards = digests.map(async (digest) => verifyShard((await kv.get(shardKey(digest))) ?? "", digest));
  const hosts = (await Promise.all(shards)).flatMap((shard) => shard.hosts);
  return { manifest, hosts: sortByHost(hosts) };
}

export function sortByHost(hosts: readonly HostRules[]): HostRules[] {
  return hosts.toSorted((a, b) => (a.host < b.host ? -1 : 1));
}
