import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type LocalCloudflare, startLocalCloudflare } from "../../../sync/local/local-cloudflare.ts";
import { buildUpload, callAccount } from "../../support/account/call-account.ts";
import { waitFor } from "../../support/wait-for.ts";

const SOURCE = `
export class Counter {
  constructor(state) { this.state = state; }
  async fetch() {
    const count = ((await this.state.storage.get("count")) ?? 0) + 1;
    await this.state.storage.put("count", count);
    return new Response(String(count));
  }
}
export default {
  async fetch(request, env) {
    env.ANALYTICS.writeDataPoint({ indexes: ["shop.example.com"], blobs: ["route", "7"], doubles: [1, 2.5] });
    const id = env.COUNTER.idFromName("one");
    const count = await (await env.COUNTER.get(id).fetch("http://counter/")).text();
    return Response.json({ mode: env.MODE, token: env.TOKEN, rules: await env.RULES.get("key"), count });
  },
};
`;

let cloudflare: LocalCloudflare;

before(async () => {
  cloudflare = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com"],
    worker: { deployed: "edge" },
    variables: {},
    log: () => {},
  });
});
after(() => cloudflare.close());

const call = (line: string, body?: object | string) => callAccount(cloudflare.account, line, body);

function uploadEdge(source: string, mode: string) {
  const metadata = {
    bindings: [
      { name: "MODE", type: "plain_text", text: mode },
      { name: "RULES", type: "kv_namespace", namespace_id: cloudflare.account.namespaceId },
      { name: "COUNTER", type: "durable_object_namespace", class_name: "Counter" },
      { name: "ANALYTICS", type: "analytics_engine", dataset: "edgress" },
    ],
    keep_bindings: ["secret_text"],
    ...(!cloudflare.account.scripts.get("edge") && {
      migrations: { new_tag: "one", steps: [{ new_sqlite_classes: ["Counter"] }] },
    }),
  };
  return call("PUT /workers/scripts/edge", buildUpload(source, metadata));
}

test("The edge answers with the deployed script, its bindings, secrets and stored data", async () => {
  assert.equal((await fetch(cloudflare.http)).status, 522);
  const key = `/storage/kv/namespaces/${cloudflare.account.namespaceId}/values/key`;
  assert.equal((await call(`PUT ${key}`, "stored")).status, 200);
  assert.equal((await uploadEdge(SOURCE, "one")).status, 200);
  await call("PUT /workers/scripts/edge/secrets", { name: "TOKEN", text: "hidden", type: "secret_text" });
  const first = await (await fetch(cloudflare.http)).json();
  assert.deepEqual(first, { mode: "one", token: "hidden", rules: "stored", count: "1" });
  assert.equal((await uploadEdge(SOURCE, "two")).status, 200);
  const second = await (await fetch(cloudflare.http)).json();
  assert.deepEqual(second, { mode: "two", token: "hidden", rules: "stored", count: "2" });
});

test("Points that the script writes are rows of its dataset", async () => {
  const [point] = await waitFor(() => {
    const points = cloudflare.account.datasets.list("edgress");
    return points.length >= 2 ? points : undefined;
  });
  assert.deepEqual(
    { index: point?.index, blobs: point?.blobs, doubles: point?.doubles },
    { index: "shop.example.com", blobs: ["route", "7"], doubles: [1, 2.5] },
  );
});

test("A script that does not start is rejected with 10021, and the former one answers on", async () => {
  const { status, codes } = await uploadEdge("export default {", "broken");
  assert.deepEqual({ status, codes }, { status: 400, codes: [10021] });
  const { mode } = (await (await fetch(cloudflare.http)).json()) as { mode: string };
  assert.equal(mode, "two");
});

test("A version that is uploaded but not deployed does not answer, and a deleted script answers 522", async () => {
  const version = await call(
    "POST /workers/scripts/edge/versions",
    buildUpload("export default { fetch: () => new Response('three') };"),
  );
  assert.equal((await fetch(cloudflare.http)).headers.get("content-type"), "application/json");
  const versions = [{ version_id: version.result.id, percentage: 100 }];
  await call("POST /workers/scripts/edge/deployments?force=true", { strategy: "percentage", versions });
  assert.equal(await (await fetch(cloudflare.http)).text(), "three");
  await call("DELETE /workers/scripts/edge");
  assert.equal((await fetch(cloudflare.http)).status, 522);
});
