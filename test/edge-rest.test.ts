import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hostKeys } from "../src/rules/hosts.ts";
import { shardKey, shardOf } from "../src/rules/keys.ts";
import { plan } from "../sync/publish/plan.ts";
import { publish } from "../sync/publish/publish.ts";
import { ask, ingress, service, startEdge } from "./support/edge.ts";

const HOSTS = 600; // more than one shard's worth

test("an isolate that rested until its generation was out of history serves hosts that it had never loaded", async () => {
  // It does not look for a newer generation by itself, as one that had no requests.
  const edge = await startEdge({ variables: { RECHECK_MS: "3600000" } });
  after(() => edge.close());
  await edge.origin("203.0.113.1:80", (_, response) => response.end("one"));
  const names = Array.from({ length: HOSTS }, (_, index) => `host-${index}.example.com`);
  const { rules } = await edge.publish([
    ...names.map((host, index) => ingress(`i${index}`, host, { "/": "one" })),
    service("one", ["203.0.113.1"]),
  ]);
  const { kv, signer, sealer } = edge.account;
  const old = plan(rules, undefined, 1, new Date());
  const count = old.manifest.shards.length;
  // What asking for the generation has loaded, and every host's own wildcard and catch-all.
  const loaded = new Set([...hostKeys("host-0.example.com").slice(1), ""].map((key) => shardOf(key, count)));
  const resting = names.find((host) => !loaded.has(shardOf(host, count))) ?? "";
  assert.notEqual(resting, "");

  const renamed = rules.hosts.map((host) => ({
    ...host,
    routes: host.routes.map((route) => ({ ...route, id: `${route.id}0` })),
  }));
  await publish({ ...rules, hosts: renamed }, kv, signer, new Date(), sealer);
  await kv.remove([...old.shards.keys()].map(shardKey));
  const { status, body } = await ask(edge, `http://${resting}/`);
  assert.equal(`${status} ${body}`, "200 one");
});
