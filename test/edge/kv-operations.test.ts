import assert from "node:assert/strict";
import { test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { publish } from "../../sync/publish/publish.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildHostRules, buildRules, generateHosts } from "../support/publish/sample-rules.ts";
import { KEYS, SIGNER } from "../support/publish/signing.ts";

const HOST_COUNT = 5000;

// A location without copies: each read of an isolate is a read of KV.
Object.assign(globalThis, { caches: { default: { match: async () => undefined, put: async () => {} } } });

/** The part of src/load/load.ts that these tests use. */
interface LoadModule {
  load(
    env: object,
    request: { readonly host: string },
    background: object,
    now: number,
  ): Promise<{ readonly ok: boolean; readonly match?: { readonly host: string } }>;
}

/** An isolate, and the keys of each operation that it sent to KV. */
async function startIsolate(kv: MemoryKv, name: string) {
  const operations: string[][] = [];
  const get = async (keys: string | string[]) => {
    operations.push([keys].flat());
    if (typeof keys === "string") return kv.values.get(keys) ?? null;
    return new Map(keys.map((key) => [key, kv.values.get(key) ?? null]));
  };
  const env = {
    RULES: { get },
    EDGRESS_VERIFYING_KEY: KEYS.publicKey,
    EDGRESS_KV_NAMESPACE_ID: kv.namespaceId,
    SNAPSHOT_REFRESH_MS: "3600000",
  };
  // A module of its own, because it keeps the active snapshot.
  const module = (await import(`../../src/load/load.ts?isolate=${name}`)) as LoadModule;
  const background = { waitUntil: () => {} };
  const findHost = async (host: string) => {
    const result = await module.load(env, { host }, background, 0);
    assert.ok(result.ok, JSON.stringify(result));
    return result.match?.host;
  };
  return { operations, findHost };
}

async function publishHosts(...names: string[]): Promise<MemoryKv> {
  const kv = new MemoryKv();
  const hosts = [...generateHosts(HOST_COUNT, 0), ...names.map((name) => buildHostRules(name, "x"))];
  await publish(buildRules(hosts), kv, SIGNER, new Date());
  return kv;
}

test("A cold isolate reads the manifest, and then the host's segment and shard in one operation", async () => {
  const { operations, findHost } = await startIsolate(await publishHosts(), "cold");
  assert.equal(await findHost("host-7.example.com"), "host-7.example.com");
  assert.deepEqual(
    operations.map((keys) => keys.map((key) => key.split("/")[0]).toSorted()),
    [[CURRENT_KEY], ["filter", "shard"]],
  );
});

test("A cold isolate needs two operations for a host of any wildcard or of the catch-all", async () => {
  for (const [name, host] of [
    ["*.example.com", "other.example.com"],
    ["*", "www.example.org"],
    ["**.b.example.com", "x.y.b.example.com"],
    ["**.example.com", "x.y.z.example.com"],
  ] as const) {
    const kv = await publishHosts("*.example.com", "**.c.b.example.com", "**.b.example.com", "**.example.com", "*");
    const { operations, findHost } = await startIsolate(kv, `less${name}`);
    assert.equal(await findHost(host), name);
    assert.equal(operations.length, 2);
  }
});

test("An isolate reads no blob for unknown hosts when it has the segments of the filter", async () => {
  const kv = await publishHosts();
  const { operations, findHost } = await startIsolate(kv, "unknown");
  for (let index = 0; index < 2000; index++) await findHost(`unknown-${index}.example.com`);
  const filterCount = (await kv.list("filter/")).length;
  assert.ok(operations.length <= 1 + filterCount, `${operations.length} operations, ${filterCount} segments`);
  const before = operations.length;
  for (let index = 0; index < 2000; index++) assert.equal(await findHost(`never-${index}.example.org`), undefined);
  assert.equal(operations.length, before);
});
