import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import Cloudflare from "cloudflare";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createKv } from "../../sync/cloudflare/kv.ts";
import type { ApiTimings } from "../../sync/cloudflare/paced-fetch.ts";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { type LocalCloudflare, startLocalCloudflare } from "../../sync/local/local-cloudflare.ts";

const WORKER = `
export default {
  async fetch(request, env) {
    const key = new URL(request.url).searchParams.get("key");
    try {
      return Response.json({ value: await env.RULES.get(key, { type: "text", cacheTtl: 30 }) });
    } catch (error) {
      return Response.json({ error: error.message });
    }
  },
};`;

let stack: LocalCloudflare;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-account-"));
  const worker = join(folder, "worker.js");
  await writeFile(worker, WORKER);
  const zones = ["example.com", "example.net"];
  stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones,
    worker,
    variables: {},
    log: () => undefined,
    loopbackOnly: true,
    edgeFaults: true,
  });
});

after(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  stack.account.faults = createFaultPlan();
  stack.account.requests.length = 0;
});

function createTestKv(timings: Partial<ApiTimings> = {}, apiToken = stack.account.token) {
  const client = createApiClient({ apiToken, baseURL: stack.account.baseURL, timings });
  return createKv(client, stack.account.accountId, stack.account.namespaceId, 1);
}

function listRequests(): string[] {
  return stack.account.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/namespaces\/\w+/, "")}`);
}

async function readFromEdge(key: string): Promise<unknown> {
  return await (await fetch(new URL(`/?key=${encodeURIComponent(key)}`, stack.http))).json();
}

describe("Workers KV", () => {
  test("A written value is read by the client and by the edge", async () => {
    await createTestKv().put([{ key: "shard/ä b?", value: "välue" }]);
    assert.equal(await createTestKv().get("shard/ä b?"), "välue");
    assert.deepEqual(await readFromEdge("shard/ä b?"), { value: "välue" });
    assert.deepEqual(
      stack.account.requests.map(({ method }) => method),
      ["PUT", "GET"],
    );
  });

  test("A missing key is undefined", async () => {
    assert.equal(await createTestKv().get("nowhere"), undefined);
  });

  test("250 values are written in one request, and read in requests of 100", async () => {
    const entries = Array.from({ length: 250 }, (_, i) => ({ key: `many/${i}`, value: `value ${i}` }));
    await createTestKv().put(entries);
    const values = await createTestKv().getMany([...entries.map(({ key }) => key), "many/absent"]);
    assert.equal(values.size, 250);
    assert.equal(values.get("many/249"), "value 249");
    assert.deepEqual(listRequests(), ["PUT /bulk", "POST /bulk/get", "POST /bulk/get", "POST /bulk/get"]);
  });

  test("A list of keys reads all its pages", async () => {
    await createTestKv().put(Array.from({ length: 2100 }, (_, i) => ({ key: `pages/${i}`, value: "x" })));
    const keys = await createTestKv().list("pages/");
    assert.equal(new Set(keys).size, 2100);
    assert.deepEqual(listRequests(), ["PUT /bulk", "GET /keys", "GET /keys", "GET /keys"]);
  });

  test("Removed keys are not listed", async () => {
    await createTestKv().put([
      { key: "gone/1", value: "x" },
      { key: "gone/2", value: "x" },
      { key: "gone/3", value: "x" },
    ]);
    await createTestKv().remove(["gone/1", "gone/3"]);
    assert.deepEqual(await createTestKv().list("gone/"), ["gone/2"]);
  });

  test("An empty read, write or removal sends no request", async () => {
    await createTestKv().put([]);
    await createTestKv().remove([]);
    assert.equal((await createTestKv().getMany([])).size, 0);
    assert.deepEqual(listRequests(), []);
  });

  test("A request with status 429 is repeated", async () => {
    stack.account.faults = { ...createFaultPlan(), tooManyRequests: 2, retryAfterSeconds: 0.01 };
    await createTestKv().put([{ key: "throttled", value: "in the end" }]);
    assert.equal(await createTestKv().get("throttled"), "in the end");
    assert.deepEqual(listRequests(), [
      "PUT /values/throttled",
      "PUT /values/throttled",
      "PUT /values/throttled",
      "GET /values/throttled",
    ]);
  });

  test("A persistent server error is thrown", async () => {
    stack.account.faults = { ...createFaultPlan(), serverErrors: 1, requestPattern: /^GET/ };
    await assert.rejects(createTestKv({ maxAttempts: 1 }).get("broken"), { status: 500 });
  });

  test("A request without a response ends with the timeout of the client", async () => {
    stack.account.faults = { ...createFaultPlan(), hangs: 1 };
    await assert.rejects(
      createTestKv({ maxAttempts: 1, attemptTimeoutMs: 50 }).get("hanging"),
      Cloudflare.APIConnectionTimeoutError,
    );
  });

  test("Keys that a bulk write left out are written again", async () => {
    stack.account.faults = { ...createFaultPlan(), partialWrites: 2 };
    await createTestKv().put([1, 2, 3, 4].map((i) => ({ key: `partial/${i}`, value: `${i}` })));
    assert.deepEqual(await createTestKv().list("partial/"), ["partial/1", "partial/2", "partial/3", "partial/4"]);
    assert.deepEqual(listRequests(), ["PUT /bulk", "PUT /bulk", "PUT /bulk", "GET /keys"]);
  });

  test("An error has the number of keys that were not written", async () => {
    stack.account.faults = { ...createFaultPlan(), partialWrites: 4 };
    const entries = Array.from({ length: 32 }, (_, i) => ({ key: `never/${i}`, value: "x" }));
    await assert.rejects(createTestKv().put(entries), {
      message: "Workers KV: 2 keys were not written after 4 attempts",
    });
  });

  test("The edge reads stale values and misses new keys in the read mode cached", async () => {
    await createTestKv().put([{ key: "stale", value: "old" }]);
    await stack.account.setEdgeReadMode("cached");
    assert.deepEqual(await readFromEdge("stale"), { value: "old" });
    assert.deepEqual(await readFromEdge("late"), { value: null });
    await createTestKv().put([
      { key: "stale", value: "new" },
      { key: "late", value: "here" },
    ]);
    assert.deepEqual(await readFromEdge("stale"), { value: "old" });
    assert.deepEqual(await readFromEdge("late"), { value: null });
    await stack.account.setEdgeReadMode("fresh");
    assert.deepEqual(await readFromEdge("stale"), { value: "new" });
    assert.deepEqual(await readFromEdge("late"), { value: "here" });
  });

  test("The reads of the edge fail in the read mode failing", async () => {
    await stack.account.setEdgeReadMode("failing");
    assert.deepEqual(await readFromEdge("any"), { error: "KV GET failed: 500 Internal Server Error" });
    await stack.account.setEdgeReadMode("fresh");
  });
});

test("A wrong token is rejected", async () => {
  await assert.rejects(createTestKv({}, "another").get("any"), Cloudflare.PermissionDeniedError);
});
