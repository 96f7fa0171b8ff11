import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ADDRESSES = ["203.0.113.10", "203.0.113.20", "203.0.113.30"];

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  const method = (name: string) => ({ annotations: { "load-balance": name } });
  await edge.publish(
    buildManifests(
      {
        default: {},
        turn: method("round_robin"),
        random: method("random"),
        fast: method("ewma"),
        hashed: method("chash"),
        user: { annotations: { "load-balance": "ewma", "upstream-hash-by": "$arg_user" } },
      },
      { shop: ADDRESSES },
    ),
  );
  origins = await Promise.all(ADDRESSES.map((address) => startOriginServer(`${address}:80`, edge.stack)));
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

beforeEach(() => {
  for (const origin of origins) {
    origin.requests.length = 0;
    origin.respond = (response) => void response.end("origin");
  }
});

/** Sends requests over some connections, and returns the number that each origin received. */
async function countRequests(host: string, count: number, connections = 1, path = "/"): Promise<number[]> {
  let left = count;
  const send = async () => {
    while (left-- > 0) assert.equal((await sendRequest(edge, `http://${host}.example.com${path}`)).status, 200);
  };
  await Promise.all(Array.from({ length: connections }, send));
  return origins.map(({ requests }) => requests.length);
}

test("Round robin sends each address the same number of requests, and is the default", async () => {
  assert.deepEqual(await countRequests("default", 30), [10, 10, 10]);
  assert.deepEqual(await countRequests("turn", 30), [20, 20, 20]);
});

test("Random selection sends each address requests, but not in turn", async () => {
  const counts = await countRequests("random", 150);
  assert.ok(Math.min(...counts) > 25, String(counts)); // below that once in 100,000 runs
});

test("ewma sends an address that answers 100 ms later clearly less than a third of the requests", async () => {
  const [slow] = origins;
  if (slow) slow.respond = (response) => void setTimeout(() => response.end("origin"), 100);
  const [slowCount = 0, ...fastCounts] = await countRequests("fast", 300, 4);
  assert.ok(slowCount < 50, `${slowCount} of 300`);
  assert.ok(Math.min(...fastCounts) > 75, String(fastCounts));
});

test("chash keeps a client at one address, and a value to hash by overrides ewma", async () => {
  assert.deepEqual((await countRequests("hashed", 20)).toSorted(), [0, 0, 20]);
  for (const origin of origins) origin.requests.length = 0;
  assert.deepEqual((await countRequests("user", 20, 1, "/?user=ada")).toSorted(), [0, 0, 20]);
});
