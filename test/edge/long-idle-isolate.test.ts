import assert from "node:assert/strict";
import { after, test } from "node:test";
import { listHostCandidates } from "../../src/rules/hosts.ts";
import { computeShardIndex, shardKey } from "../../src/rules/kv-keys.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import {
  buildIngressManifest,
  buildServiceManifest,
  sendRequest,
  startWorkerHarness,
} from "../support/worker-harness.ts";

const HOST_COUNT = 600; // more than one shard's worth

test("an isolate that rested until its generation was out of history serves hosts that it had never loaded", async () => {
  // It does not look for a newer generation by itself, as one that had no requests.
  const edge = await startWorkerHarness({ variables: { SNAPSHOT_REFRESH_MS: "3600000" } });
  after(() => edge.close());
  await edge.startOrigin("203.0.113.1:80", (_, response) => response.end("one"));
  const names = Array.from({ length: HOST_COUNT }, (_, index) => `host-${index}.example.com`);
  const { rules } = await edge.publish([
    ...names.map((host, index) => buildIngressManifest(`i${index}`, host, { "/": "one" })),
    buildServiceManifest("one", ["203.0.113.1"]),
  ]);
  const { kv, signer, encryptor } = edge.account;
  const old = planPublication(rules, undefined, 1, new Date());
  const count = old.manifest.shards.length;
  // What asking for the generation has loaded, and every host's own wildcard and catch-all.
  const loaded = new Set(
    [...listHostCandidates("host-0.example.com").slice(1), ""].map((key) => computeShardIndex(key, count)),
  );
  const resting = names.find((host) => !loaded.has(computeShardIndex(host, count))) ?? "";
  assert.notEqual(resting, "");

  const renamed = rules.hosts.map((host) => ({
    ...host,
    routes: host.routes.map((route) => ({ ...route, id: `${route.id}0` })),
  }));
  await publish({ ...rules, hosts: renamed }, kv, signer, new Date(), encryptor);
  await kv.remove([...old.shards.keys()].map(shardKey));
  const { status, body } = await sendRequest(edge, `http://${resting}/`);
  assert.equal(`${status} ${body}`, "200 one");
});
