import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import Cloudflare from "cloudflare";
import {
  createDns,
  type ExistingRecord,
  type OriginRecord,
  planRecordChange,
  type Zone,
} from "../../sync/cloudflare/dns.ts";
import { createKv } from "../../sync/cloudflare/kv.ts";
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

function createClient(options: ConstructorParameters<typeof Cloudflare>[0] = {}): Cloudflare {
  return new Cloudflare({ apiToken: stack.account.token, baseURL: stack.account.baseURL, ...options });
}

function createTestKv(options = {}) {
  return createKv(createClient(options), stack.account.accountId, stack.account.namespaceId, 1);
}

function listRequests(): string[] {
  return stack.account.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/namespaces\/\w+/, "")}`);
}

async function readFromEdge(key: string): Promise<unknown> {
  return await (await fetch(new URL(`/?key=${encodeURIComponent(key)}`, stack.http))).json();
}

describe("Workers KV", () => {
  test("a value that was put is read back, and the edge reads it too", async () => {
    await createTestKv().put([{ key: "shard/ä b?", value: "välue" }]);
    assert.equal(await createTestKv().get("shard/ä b?"), "välue");
    assert.deepEqual(await readFromEdge("shard/ä b?"), { value: "välue" });
    assert.deepEqual(
      stack.account.requests.map(({ method }) => method),
      ["PUT", "GET"],
    );
  });

  test("a key that is not there is undefined", async () => {
    assert.equal(await createTestKv().get("nowhere"), undefined);
  });

  test("many values are written in one request and read back a hundred at a time", async () => {
    const entries = Array.from({ length: 250 }, (_, i) => ({ key: `many/${i}`, value: `value ${i}` }));
    await createTestKv().put(entries);
    const values = await createTestKv().getMany([...entries.map(({ key }) => key), "many/absent"]);
    assert.equal(values.size, 250);
    assert.equal(values.get("many/249"), "value 249");
    assert.deepEqual(listRequests(), ["PUT /bulk", "POST /bulk/get", "POST /bulk/get", "POST /bulk/get"]);
  });

  test("a list goes through all its pages", async () => {
    await createTestKv().put(Array.from({ length: 2100 }, (_, i) => ({ key: `pages/${i}`, value: "x" })));
    const keys = await createTestKv().list("pages/");
    assert.equal(new Set(keys).size, 2100);
    assert.deepEqual(listRequests(), ["PUT /bulk", "GET /keys", "GET /keys", "GET /keys"]);
  });

  test("keys that were removed are gone", async () => {
    await createTestKv().put([
      { key: "gone/1", value: "x" },
      { key: "gone/2", value: "x" },
      { key: "gone/3", value: "x" },
    ]);
    await createTestKv().remove(["gone/1", "gone/3"]);
    assert.deepEqual(await createTestKv().list("gone/"), ["gone/2"]);
  });

  test("nothing to do is no request", async () => {
    await createTestKv().put([]);
    await createTestKv().remove([]);
    assert.equal((await createTestKv().getMany([])).size, 0);
    assert.deepEqual(listRequests(), []);
  });

  test("a request that was answered 429 is made again", async () => {
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

  test("a server's error that does not go away is thrown", async () => {
    stack.account.faults = { ...createFaultPlan(), serverErrors: 1, requestPattern: /^GET/ };
    await assert.rejects(createTestKv({ maxRetries: 0 }).get("broken"), { status: 500 });
  });

  test("a request that hangs ends with the client's timeout", async () => {
    stack.account.faults = { ...createFaultPlan(), hangs: 1 };
    await assert.rejects(
      createTestKv({ maxRetries: 0, timeout: 50 }).get("hanging"),
      Cloudflare.APIConnectionTimeoutError,
    );
  });

  test("the keys that a bulk write left out are written again", async () => {
    stack.account.faults = { ...createFaultPlan(), partialWrites: 2 };
    await createTestKv().put([1, 2, 3, 4].map((i) => ({ key: `partial/${i}`, value: `${i}` })));
    assert.deepEqual(await createTestKv().list("partial/"), ["partial/1", "partial/2", "partial/3", "partial/4"]);
    assert.deepEqual(listRequests(), ["PUT /bulk", "PUT /bulk", "PUT /bulk", "GET /keys"]);
  });

  test("keys that cannot be written are thrown, with their number", async () => {
    stack.account.faults = { ...createFaultPlan(), partialWrites: 4 };
    const entries = Array.from({ length: 32 }, (_, i) => ({ key: `never/${i}`, value: "x" }));
    await assert.rejects(createTestKv().put(entries), {
      message: "Workers KV: 2 keys were not written after 4 attempts",
    });
  });

  test("the edge can read a stale value, and miss a key that it once missed", async () => {
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

  test("the edge's reads can fail", async () => {
    await stack.account.setEdgeReadMode("failing");
    assert.deepEqual(await readFromEdge("any"), { error: "KV GET failed: 500 Internal Server Error" });
    await stack.account.setEdgeReadMode("fresh");
  });
});

test("a wrong token is refused", async () => {
  await assert.rejects(createTestKv({ apiToken: "another" }).get("any"), Cloudflare.PermissionDeniedError);
});

describe("DNS records", () => {
  const origin: OriginRecord = { type: "A", name: "edgress-1.example.com", content: "203.0.113.10" };
  const dns = () => createDns(createClient(), stack.account.accountId);
  const zone = async (): Promise<Zone> => {
    const exampleZone = (await dns().listZones()).find(({ name }) => name === "example.com");
    assert.ok(exampleZone);
    return exampleZone;
  };

  test("the account's zones are found", async () => {
    assert.deepEqual(
      (await dns().listZones()).map(({ name }) => name),
      ["example.com", "example.net"],
    );
  });

  test("records are added proxied, held, and removed", async () => {
    await dns().applyChange(await zone(), { add: [origin], remove: [] });
    const existingRecords = await dns().listRecords(await zone());
    assert.deepEqual(
      existingRecords.map(({ id, ...record }) => record),
      [{ ...origin, proxied: true }],
    );
    assert.deepEqual(planRecordChange(existingRecords, [origin]), { add: [], remove: [] });
    await dns().applyChange(await zone(), { add: [], remove: existingRecords });
    assert.deepEqual(await dns().listRecords(await zone()), []);
  });

  test("a record that is not ours is not held", async () => {
    const { id: zone_id } = await zone();
    const posts = [{ type: "A" as const, name: "www.example.com", content: "203.0.113.1", ttl: 1 as const }];
    await createClient().dns.records.batch({ zone_id, posts });
    assert.deepEqual(await dns().listRecords(await zone()), []);
  });

  test("a record that was changed behind our back is replaced under the same name", async () => {
    await dns().applyChange(await zone(), { add: [origin], remove: [] });
    const wantedRecords: OriginRecord[] = [{ ...origin, type: "CNAME", content: "lb.example.org" }];
    const plan = planRecordChange(await dns().listRecords(await zone()), wantedRecords);
    await dns().applyChange(await zone(), plan);
    assert.deepEqual(
      (await dns().listRecords(await zone())).map(({ type, content }) => `${type} ${content}`),
      ["CNAME lb.example.org"],
    );
  });

  test("more records than a call takes go in several, additions first", async () => {
    const existingRecords = await dns().listRecords(await zone());
    const add = Array.from({ length: 250 }, (_, i) => ({ ...origin, name: `edgress-x${i}.example.com` }));
    stack.account.requests.length = 0;
    const targetZone = await zone();
    await dns().applyChange(targetZone, { add, remove: existingRecords });
    assert.equal(stack.account.requests.filter(({ method }) => method === "POST").length, 3);
    assert.equal((await dns().listRecords(targetZone)).length, 250);
  });

  test("no change is no request", async () => {
    const targetZone = await zone();
    stack.account.requests.length = 0;
    await dns().applyChange(targetZone, { add: [], remove: [] });
    assert.deepEqual(stack.account.requests, []);
  });
});

describe("planRecords", () => {
  const wantedRecord: OriginRecord = { type: "AAAA", name: "edgress-1.example.com", content: "2001:DB8:0::1" };
  const existingRecord: ExistingRecord = { ...wantedRecord, content: "2001:db8::1", id: "1", proxied: true };

  test("the same address in another spelling is no change", () => {
    assert.deepEqual(planRecordChange([existingRecord], [wantedRecord]), { add: [], remove: [] });
  });

  test("a record that is no longer proxied is replaced", () => {
    const unproxiedRecord = { ...existingRecord, proxied: false };
    assert.deepEqual(planRecordChange([unproxiedRecord], [wantedRecord]), {
      add: [wantedRecord],
      remove: [unproxiedRecord],
    });
  });

  test("what is not wanted any more is removed", () => {
    assert.deepEqual(planRecordChange([existingRecord], []), { add: [], remove: [existingRecord] });
  });

  test("what is wanted twice is added once", () => {
    assert.deepEqual(planRecordChange([], [wantedRecord, wantedRecord]), { add: [wantedRecord], remove: [] });
  });
});
