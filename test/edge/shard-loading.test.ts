import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createShardCache, findShardMatch } from "../../src/load/shard-cache.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { countDigests } from "../../src/rules/storage/digest-table.ts";
import { formatHostRecord } from "../../src/rules/storage/shard-text.ts";
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

function createShardText(host: string, text = "x"): string {
  return formatHostRecord(host, JSON.stringify({ ...buildHostRules(host, text), policies: undefined, routes: [] }));
}

test("An isolate drops the least recently used shards at its limit of bytes", () => {
  const cache = createShardCache(3 * KIB);
  for (const name of ["a", "b", "c"]) cache.add(name, "x".repeat(KIB));
  assert.ok(cache.get("a"));
  cache.add("d", "x".repeat(KIB));
  assert.deepEqual(
    ["a", "b", "c", "d"].filter((name) => cache.has(name)),
    ["a", "c", "d"],
  );
  cache.add("large", "x".repeat(10 * KIB));
  assert.deepEqual(
    ["a", "c", "d", "large"].filter((name) => cache.has(name)),
    ["large"], // the shard of the present request always stays
  );
});

test("The rules of hosts that requests use count for the limit of bytes", () => {
  const cache = createShardCache(KIB + 500);
  cache.add("unused", "x".repeat(KIB));
  const used = cache.add("used", createShardText("a.example.com"));
  assert.ok(findShardMatch(cache, used, "a.example.com"));
  assert.deepEqual(
    ["unused", "used"].filter((name) => cache.has(name)),
    ["used"],
  );
  assert.deepEqual(cache.listUsedHosts(), ["a.example.com"]);
});

test("A shard that a request uses keeps its guards, although the cache drops it meanwhile", () => {
  const cache = createShardCache(2 * KIB);
  cache.add("guarded", createShardText("a.example.com"));
  const used = cache.get("guarded");
  cache.add("wildcard", "x".repeat(2 * KIB));
  assert.equal(cache.has("guarded"), false);
  assert.ok(used);
  assert.ok(findShardMatch(cache, used, "a.example.com"));
});
