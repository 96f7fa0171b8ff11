import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { countDigests } from "../../src/rules/storage/digest-table.ts";
import { type CachedItem, createByteCache } from "../../src/runtime/byte-cache.ts";
import { publish } from "../../sync/publish/publish.ts";
import { buildHostRules, buildRules } from "../support/publish/sample-rules.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { fetchGeneration } from "../support/worker/two-hosts.ts";
import { startWorkerHarness, type WorkerHarness, type WorkerHarnessOptions } from "../support/worker/worker-harness.ts";

const KIB = 1024;
const HOST_COUNT = 600;

async function startEdge(context: TestContext, options: WorkerHarnessOptions = {}): Promise<WorkerHarness> {
  const edge = await startWorkerHarness(options);
  context.after(edge.close);
  return edge;
}

function buildHosts(text: string): HostRules[] {
  return Array.from({ length: HOST_COUNT }, (_, index) => buildHostRules(`host-${index}.example.com`, text, 8 * KIB));
}

async function publishHosts(edge: WorkerHarness, hosts: readonly HostRules[]): Promise<number> {
  const { kv, signer } = edge.account;
  const { generation, snapshot } = await publish(buildRules(hosts), kv, signer, new Date());
  assert.ok(countDigests(Buffer.from(snapshot.manifest?.shards ?? "", "base64")) > 100);
  return generation;
}

async function fetchStatus(edge: WorkerHarness, host: string): Promise<number> {
  return (await sendRequest(edge, `http://${host}/a`)).status;
}

test("Requests for 1,000 unknown hosts cannot make an isolate load a shard", async (context) => {
  const edge = await startEdge(context, { edgeFaults: true, variables: { SNAPSHOT_REFRESH_MS: "3600000" } });
  await publishHosts(edge, buildHosts("a"));
  assert.equal(await fetchStatus(edge, "host-0.example.com"), 404); // it has no path /a
  await edge.stack.account.setEdgeReadMode("failing"); // a shard that must be loaded is a 503 from here on
  for (let index = 0; index < 1000; index++) {
    assert.equal(await fetchStatus(edge, `unknown-${index}.example.com`), 404);
  }
  const unloaded = await Promise.all([1, 2, 3, 4, 5].map((index) => fetchStatus(edge, `host-${index}.example.com`)));
  assert.ok(unloaded.includes(503));
});

test("A new generation is adopted, however many shards an isolate has loaded", async (context) => {
  const edge = await startEdge(context);
  await publishHosts(edge, buildHosts("a"));
  for (let index = 0; index < HOST_COUNT; index++) await fetchStatus(edge, `host-${index}.example.com`);
  const generation = await publishHosts(edge, buildHosts("b"));
  await waitFor(async () => (await fetchGeneration(edge)) === generation);
  assert.deepEqual(
    edge.lines.filter((line) => line.includes("snapshot-rejected")),
    [],
  );
});

test("A host whose handler was dropped is served again without a read of KV", async (context) => {
  const edge = await startEdge(context, { edgeFaults: true, variables: { SNAPSHOT_REFRESH_MS: "3600000" } });
  const names = Array.from({ length: 230 }, (_, index) => `large-${index}.example.com`); // 29 MiB of handlers, 14 MiB of text
  await publishHosts(edge, [...buildHosts("a"), ...names.map((name) => buildHostRules(name, "a", 64 * KIB))]);
  for (const name of names) assert.equal(await fetchStatus(edge, name), 404); // it has no path /a
  await edge.stack.account.setEdgeReadMode("failing"); // a shard that must be loaded comes from the copy of the location
  for (const name of names) assert.equal(await fetchStatus(edge, name), 404);
  assert.deepEqual(
    edge.lines.filter((line) => line.includes("shard-from-cache")),
    [],
  );
});

test("An isolate drops the least recently used items of a cache at its limit of bytes", () => {
  const dropped: string[] = [];
  const cache = createByteCache<CachedItem>(3 * KIB, ({ key }) => dropped.push(key));
  const add = (key: string, bytes: number) => cache.add({ key, bytes, usedAt: 0 });
  for (const key of ["a", "b", "c"]) add(key, KIB);
  assert.ok(cache.get("a"));
  add("d", KIB);
  assert.deepEqual(dropped, ["b"]);
  cache.get("c"); // it was the next one to drop
  add("e", KIB);
  assert.deepEqual(dropped, ["b", "a"]);
  add("large", 10 * KIB);
  // That of the present request always stays.
  assert.deepEqual(
    cache.list().map(({ key }) => key),
    ["large"],
  );
});

test("A host that many requests use stays in memory while others come and go", () => {
  const cache = createByteCache<CachedItem>(10 * KIB);
  for (let index = 0; index < 1000; index++) {
    cache.add({ key: `visited-${index}`, bytes: KIB, usedAt: 0 });
    if (index === 0) cache.add({ key: "busy", bytes: KIB, usedAt: 0 });
    assert.ok(cache.get("busy"));
  }
  assert.equal(cache.size, 10);
});
