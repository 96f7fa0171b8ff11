import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { shardKey } from "../../src/rules/kv-keys.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { fetchStatusAndBody, startTwoHostsEdge } from "../support/worker/two-hosts.ts";
import type { WorkerHarness, WorkerHarnessOptions } from "../support/worker/worker-harness.ts";

const HOST_COUNT = 600; // more than one shard contains

async function startEdge(context: TestContext, options: WorkerHarnessOptions): Promise<WorkerHarness> {
  const edge = await startTwoHostsEdge(options);
  context.after(edge.close);
  return edge;
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
