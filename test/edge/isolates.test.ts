import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { shardKey } from "../../src/rules/kv-keys.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import {
  buildTwoHosts,
  fetchGeneration,
  fetchStatusAndBody,
  startTwoHostsEdge,
  waitForWarning,
} from "../support/worker/two-hosts.ts";
import type { WorkerHarness, WorkerHarnessOptions } from "../support/worker/worker-harness.ts";

const HOST_COUNT = 600; // more than one shard contains
const URL_OF_A = "http://a.example.com/";

async function startEdge(context: TestContext, options: WorkerHarnessOptions): Promise<WorkerHarness> {
  const edge = await startTwoHostsEdge(options);
  context.after(edge.close);
  return edge;
}

// Each test has its own edge, because the tests wait for timeouts of KV at the same time.
describe("isolates", { concurrency: true }, () => {
  for (const mode of ["failing", "hanging"] as const) {
    test(`A warm isolate serves the active generation while reads of KV are ${mode}`, async (context) => {
      const edge = await startEdge(context, { edgeFaults: true });
      await edge.publish(buildTwoHosts("one", "two"));
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
      const since = edge.lines.length;
      await edge.stack.account.setEdgeReadMode(mode);
      const reason = await waitForWarning(edge, "snapshot-rejected", since);
      assert.equal(
        reason,
        { failing: "KV GET failed: 500 Internal Server Error", hanging: "no response from KV within 3000 ms" }[mode],
      );
      await edge.stack.account.setEdgeReadMode("fresh");
      await edge.publish(buildTwoHosts("two", "two"));
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 two");
    });

    test(`A cold isolate starts from the copies in the cache while reads of KV are ${mode}`, async (context) => {
      const edge = await startEdge(context, { edgeFaults: true });
      const { generation } = (await edge.publish(buildTwoHosts("one", "two"))).publishResult;
      for (const host of ["a", "b"]) await sendRequest(edge, `http://${host}.example.com/`);
      await edge.stack.restartWorker();
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one"); // from KV, which fills the cache
      await edge.stack.restartWorker();
      await edge.stack.account.setEdgeReadMode(mode);
      const since = edge.lines.length;
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
      assert.equal(await fetchGeneration(edge), generation);
      assert.ok(edge.lines.slice(since).some((line) => line.includes('"event":"snapshot-from-cache"')));
      await edge.stack.account.setEdgeReadMode("fresh");
      await edge.publish(buildTwoHosts("two", "one"));
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 two");
    });
  }

  test("An isolate that was idle until its generation left history serves hosts that it had never loaded", async (context) => {
    // It does not check for a newer generation, like an isolate without requests.
    const edge = await startEdge(context, { variables: { SNAPSHOT_REFRESH_MS: "3600000" } });
    const names = Array.from({ length: HOST_COUNT }, (_, index) => `host-${index}.example.com`);
    const { rules } = await edge.publish([
      ...names.map((host, index) => buildIngressManifest(`i${index}`, host, { "/": "one" })),
      buildServiceManifest("one", ["203.0.113.1"]),
    ]);
    const { kv, signer, encryptor } = edge.account;
    const { shards } = planPublication(rules, undefined, 1, new Date(), {
      kvNamespaceId: kv.namespaceId,
      hashKey: signer.hashKey,
    });
    const hosts = rules.hosts.map((host) => ({
      ...host,
      routes: host.routes.map((route) => ({ ...route, id: `${route.id}0` })),
    }));
    await publish({ ...rules, hosts }, kv, signer, new Date(), encryptor);
    await kv.remove([...shards.keys()].map(shardKey));
    // The isolate has loaded no shard: a request for the generation needs none.
    assert.equal(await fetchStatusAndBody(edge, "http://host-0.example.com/"), "200 one");
  });
});
