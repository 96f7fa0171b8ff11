import assert from "node:assert/strict";
import { test } from "node:test";
import type { HashKey } from "../../src/rules/half-sip-hash.ts";
import { CURRENT_KEY, computeShardIndex } from "../../src/rules/kv-keys.ts";
import { countDigests } from "../../src/rules/storage/digest-table.ts";
import type { CachedItem } from "../../src/runtime/byte-cache.ts";
import { publish } from "../../sync/publish/publish.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildHostRules, buildRules } from "../support/publish/sample-rules.ts";
import { KEYS, SIGNER } from "../support/publish/signing.ts";

// A location without copies: each read of an isolate is a read of KV.
Object.assign(globalThis, { caches: { default: { match: async () => undefined, put: async () => {} } } });

const MIB = 1024 * 1024;
const NAMES = Array.from({ length: 100 }, (_, index) => `host-${index}.example.com`);
const HOST_BYTES = 8 * 1024;

interface Snapshot {
  readonly active: { readonly matches: Map<string, object> };
  readonly manifest: { readonly hashKey: HashKey; readonly shards: string };
}

// Their types are of workerd, so they are imported without them.
const { createByteCache } = await import("../../src/runtime/byte-cache.ts");
const { createSnapshot } = (await import(`../../src/load/${"active-snapshot.ts"}`)) as {
  createSnapshot(bytes: string, env: object): Promise<Snapshot>;
};
const { findHostMatch } = (await import(`../../src/load/${"host-lookup.ts"}`)) as {
  findHostMatch(side: object, host: string, context: object): Promise<{ readonly host: string } | undefined>;
};

const { findLoadedMatch } = (await import(`../../src/load/${"loaded-hosts.ts"}`)) as {
  findLoadedMatch(side: object, host: string, blobs: object, hashKey: HashKey): { readonly host: string } | string;
};

/** An isolate that keeps so many bytes of hosts, texts and shards, and counts its reads of KV. */
async function startIsolate(kv: MemoryKv, { hostBytes = MIB, textBytes = MIB, shardBytes = MIB }) {
  let reads = 0;
  const get = async (keys: string[]) => {
    reads += 1;
    return new Map(keys.map((key) => [key, kv.values.get(key) ?? null]));
  };
  const env = { RULES: { get }, EDGRESS_VERIFYING_KEY: KEYS.publicKey, EDGRESS_KV_NAMESPACE_ID: kv.namespaceId };
  const snapshot = await createSnapshot(kv.values.get(CURRENT_KEY) ?? "", env);
  const [shards, texts] = [createByteCache(shardBytes), createByteCache(textBytes)];
  const hosts = createByteCache<CachedItem & { host: string }>(hostBytes, ({ host }) => {
    snapshot.active.matches.delete(host);
  });
  const blobs = { filters: new Map(), shards, texts, hosts };
  const { hashKey } = snapshot.manifest;
  const shardTable = Buffer.from(snapshot.manifest.shards, "base64");
  const context = { blobs, hashKey, env, background: { waitUntil: () => {} } };
  return {
    findHost: async (host: string) => (await findHostMatch(snapshot.active, host, context))?.host,
    /** Returns the host of the rules if it needs neither a read nor a promise. */
    findAtOnce(host: string) {
      const match = findLoadedMatch(snapshot.active, host, blobs, hashKey);
      return typeof match === "string" ? match : match.host;
    },
    findShardIndex: (host: string) => computeShardIndex(host, countDigests(shardTable), hashKey),
    takeReads() {
      const taken = reads;
      reads = 0;
      return taken;
    },
  };
}

async function publishHosts(): Promise<MemoryKv> {
  const kv = new MemoryKv();
  const hosts = [...NAMES, "*.example.com", "*"].map((name) => buildHostRules(name, "x", HOST_BYTES));
  await publish(buildRules(hosts), kv, SIGNER, new Date());
  return kv;
}

test("A host that an isolate has dropped costs no read of KV while its shard is kept", async () => {
  const { findHost, takeReads } = await startIsolate(await publishHosts(), { hostBytes: 1 });
  for (const name of NAMES) assert.equal(await findHost(name), name);
  takeReads();
  for (const name of NAMES) assert.equal(await findHost(name), name);
  assert.equal(takeReads(), 0);
});

test("A host that an isolate has dropped is found at once while the text of its shard is kept", async () => {
  const { findHost, findAtOnce } = await startIsolate(await publishHosts(), { hostBytes: 1, shardBytes: 1 });
  for (const name of NAMES) assert.equal(await findHost(name), name);
  for (const name of NAMES) assert.equal(findAtOnce(name), name);
});

test("A dropped host whose shard is kept without its text costs no read of KV", async () => {
  const isolate = await startIsolate(await publishHosts(), { hostBytes: 1, textBytes: 1 });
  for (const name of NAMES) assert.equal(await isolate.findHost(name), name);
  isolate.takeReads();
  assert.ok(NAMES.some((name) => isolate.findAtOnce(name) === "not-loaded"));
  for (const name of NAMES) assert.equal(await isolate.findHost(name), name);
  assert.equal(isolate.takeReads(), 0);
});

test("A dropped host whose shard is dropped too costs one read of KV", async () => {
  const isolate = await startIsolate(await publishHosts(), { hostBytes: 1, textBytes: 1, shardBytes: 1 });
  const [first = "", ...others] = NAMES;
  const other = others.find((name) => isolate.findShardIndex(name) !== isolate.findShardIndex(first)) ?? "";
  for (const name of [first, other]) assert.equal(await isolate.findHost(name), name);
  isolate.takeReads();
  assert.equal(await isolate.findHost(first), first);
  assert.equal(isolate.takeReads(), 1);
});

test("A host keeps its own rules, not those of a wildcard, although other requests drop them meanwhile", async () => {
  const { findHost } = await startIsolate(await publishHosts(), { hostBytes: 1, shardBytes: 1 });
  const requests = [...NAMES, ...NAMES, "unknown.example.com", "example.org"];
  const found = await Promise.all(requests.map(findHost));
  assert.deepEqual(found, [...NAMES, ...NAMES, "*.example.com", "*"]);
});
