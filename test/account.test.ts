import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import Cloudflare from "cloudflare";
import { kvOf } from "../sync/cloudflare/kv.ts";
import { dnsOf, type HeldRecord, type OriginRecord, planRecords, type Zone } from "../sync/cloudflare/records.ts";
import { noFaults } from "../sync/dev/faults.ts";
import { type Stack, startStack } from "../sync/dev/stack.ts";

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

let stack: Stack;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-account-"));
  const worker = join(folder, "worker.js");
  await writeFile(worker, WORKER);
  const zones = ["example.com", "example.net"];
  stack = await startStack({
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
  stack.account.faults = noFaults();
  stack.account.requests.length = 0;
});

function client(options: ConstructorParameters<typeof Cloudflare>[0] = {}): Cloudflare {
  return new Cloudflare({ apiToken: stack.account.token, baseURL: stack.account.baseURL, ...options });
}

function kv(options = {}) {
  return kvOf(client(options), stack.account.accountId, stack.account.namespaceId, 1);
}

function asked(): string[] {
  return stack.account.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/namespaces\/\w+/, "")}`);
}

async function readAtEdge(key: string): Promise<unknown> {
  return await (await fetch(new URL(`/?key=${encodeURIComponent(key)}`, stack.http))).json();
}

describe("Workers KV", () => {
  test("a value that was put is read back, and the edge reads it too", async () => {
    await kv().put([{ key: "shard/ä b?", value: "välue" }]);
    assert.equal(await kv().get("shard/ä b?"), "välue");
    assert.deepEqual(await readAtEdge("shard/ä b?"), { value: "välue" });
    assert.deepEqual(
      stack.account.requests.map(({ method }) => method),
      ["PUT", "GET"],
    );
  });

  test("a key that is not there is undefined", async () => {
    assert.equal(await kv().get("nowhere"), undefined);
  });

  test("many values are written in one request and read back a hundred at a time", async () => {
    const entries = Array.from({ length: 250 }, (_, i) => ({ key: `many/${i}`, value: `value ${i}` }));
    await kv().put(entries);
    const found = await kv().getMany([...entries.map(({ key }) => key), "many/absent"]);
    assert.equal(found.size, 250);
    assert.equal(found.get("many/249"), "value 249");
    assert.deepEqual(asked(), ["PUT /bulk", "POST /bulk/get", "POST /bulk/get", "POST /bulk/get"]);
  });

  test("a list goes through all its pages", async () => {
    await kv().put(Array.from({ length: 2100 }, (_, i) => ({ key: `pages/${i}`, value: "x" })));
    const keys = await kv().list("pages/");
    assert.equal(new Set(keys).size, 2100);
    assert.deepEqual(asked(), ["PUT /bulk", "GET /keys", "GET /keys", "GET /keys"]);
  });

  test("keys that were removed are gone", async () => {
    await kv().put([
      { key: "gone/1", value: "x" },
      { key: "gone/2", value: "x" },
      { key: "gone/3", value: "x" },
    ]);
    await kv().remove(["gone/1", "gone/3"]);
    assert.deepEqual(await kv().list("gone/"), ["gone/2"]);
  });

  test("nothing to do is no request", async () => {
    await kv().put([]);
    await kv().remove([]);
    assert.equal((await kv().getMany([])).size, 0);
    assert.deepEqual(asked(), []);
  });

  test("a request that was answered 429 is made again", async () => {
    stack.account.faults = { ...noFaults(), tooManyRequests: 2, retryAfterSeconds: 0.01 };
    await kv().put([{ key: "throttled", value: "in the end" }]);
    assert.equal(await kv().get("throttled"), "in the end");
    assert.deepEqual(asked(), [
      "PUT /values/throttled",
      "PUT /values/throttled",
      "PUT /values/throttled",
      "GET /values/throttled",
    ]);
  });

  test("a server's error that does not go away is thrown", async () => {
    stack.account.faults = { ...noFaults(), serverErrors: 1, only: /^GET/ };
    await assert.rejects(kv({ maxRetries: 0 }).get("broken"), { status: 500 });
  });

  test("a request that hangs ends with the client's timeout", async () => {
    stack.account.faults = { ...noFaults(), hangs: 1 };
    await assert.rejects(kv({ maxRetries: 0, timeout: 50 }).get("hanging"), Cloudflare.APIConnectionTimeoutError);
  });

  test("the keys that a bulk write left out are written again", async () => {
    stack.account.faults = { ...noFaults(), partialWrites: 2 };
    await kv().put([1, 2, 3, 4].map((i) => ({ key: `partial/${i}`, value: `${i}` })));
    assert.deepEqual(await kv().list("partial/"), ["partial/1", "partial/2", "partial/3", "partial/4"]);
    assert.deepEqual(asked(), ["PUT /bulk", "PUT /bulk", "PUT /bulk", "GET /keys"]);
  });

  test("keys that cannot be written are thrown, with their number", async () => {
    stack.account.faults = { ...noFaults(), partialWrites: 4 };
    const entries = Array.from({ length: 32 }, (_, i) => ({ key: `never/${i}`, value: "x" }));
    await assert.rejects(kv().put(entries), { message: "Workers KV: 2 keys could not be written" });
  });

  test("the edge can read a stale value, and miss a key that it once missed", async () => {
    await kv().put([{ key: "stale", value: "old" }]);
    await stack.account.setEdgeReads("cached");
    assert.deepEqual(await readAtEdge("stale"), { value: "old" });
    assert.deepEqual(await readAtEdge("late"), { value: null });
    await kv().put([
      { key: "stale", value: "new" },
      { key: "late", value: "here" },
    ]);
    assert.deepEqual(await readAtEdge("stale"), { value: "old" });
    assert.deepEqual(await readAtEdge("late"), { value: null });
    await stack.account.setEdgeReads("fresh");
    assert.deepEqual(await readAtEdge("stale"), { value: "new" });
    assert.deepEqual(await readAtEdge("late"), { value: "here" });
  });

  test("the edge's reads can fail", async () => {
    await stack.account.setEdgeReads("failing");
    assert.deepEqual(await readAtEdge("any"), { error: "KV GET failed: 500 Internal Server Error" });
    await stack.account.setEdgeReads("fresh");
  });
});

test("a wrong token is refused", async () => {
  await assert.rejects(kv({ apiToken: "another" }).get("any"), Cloudflare.PermissionDeniedError);
});

describe("DNS records", () => {
  const origin: OriginRecord = { type: "A", name: "edgress-1.example.com", content: "203.0.113.10" };
  const dns = () => dnsOf(client(), stack.account.accountId);
  const zone = async (): Promise<Zone> => {
    const found = (await dns().zones()).find(({ name }) => name === "example.com");
    assert.ok(found);
    return found;
  };

  test("the account's zones are found", async () => {
    assert.deepEqual(
      (await dns().zones()).map(({ name }) => name),
      ["example.com", "example.net"],
    );
  });

  test("records are added proxied, held, and removed", async () => {
    await dns().change(await zone(), { add: [origin], remove: [] });
    const held = await dns().held(await zone());
    assert.deepEqual(
      held.map(({ id, ...record }) => record),
      [{ ...origin, proxied: true }],
    );
    assert.deepEqual(planRecords(held, [origin]), { add: [], remove: [] });
    await dns().change(await zone(), { add: [], remove: held });
    assert.deepEqual(await dns().held(await zone()), []);
  });

  test("a record that is not ours is not held", async () => {
    const { id: zone_id } = await zone();
    const posts = [{ type: "A" as const, name: "www.example.com", content: "203.0.113.1", ttl: 1 as const }];
    await client().dns.records.batch({ zone_id, posts });
    assert.deepEqual(await dns().held(await zone()), []);
  });

  test("a record that was changed behind our back is replaced under the same name", async () => {
    await dns().change(await zone(), { add: [origin], remove: [] });
    const wanted: OriginRecord[] = [{ ...origin, type: "CNAME", content: "lb.example.org" }];
    const plan = planRecords(await dns().held(await zone()), wanted);
    await dns().change(await zone(), plan);
    assert.deepEqual(
      (await dns().held(await zone())).map(({ type, content }) => `${type} ${content}`),
      ["CNAME lb.example.org"],
    );
  });

  test("more records than a call takes go in several, additions first", async () => {
    const held = await dns().held(await zone());
    const add = Array.from({ length: 250 }, (_, i) => ({ ...origin, name: `edgress-x${i}.example.com` }));
    stack.account.requests.length = 0;
    const there = await zone();
    await dns().change(there, { add, remove: held });
    assert.equal(stack.account.requests.filter(({ method }) => method === "POST").length, 3);
    assert.equal((await dns().held(there)).length, 250);
  });

  test("no change is no request", async () => {
    const there = await zone();
    stack.account.requests.length = 0;
    await dns().change(there, { add: [], remove: [] });
    assert.deepEqual(stack.account.requests, []);
  });
});

describe("planRecords", () => {
  const wanted: OriginRecord = { type: "AAAA", name: "edgress-1.example.com", content: "2001:DB8:0::1" };
  const held: HeldRecord = { ...wanted, content: "2001:db8::1", id: "1", proxied: true };

  test("the same address in another spelling is no change", () => {
    assert.deepEqual(planRecords([held], [wanted]), { add: [], remove: [] });
  });

  test("a record that is no longer proxied is replaced", () => {
    const bare = { ...held, proxied: false };
    assert.deepEqual(planRecords([bare], [wanted]), { add: [wanted], remove: [bare] });
  });

  test("what is not wanted any more is removed", () => {
    assert.deepEqual(planRecords([held], []), { add: [], remove: [held] });
  });

  test("what is wanted twice is added once", () => {
    assert.deepEqual(planRecords([], [wanted, wanted]), { add: [wanted], remove: [] });
  });
});
