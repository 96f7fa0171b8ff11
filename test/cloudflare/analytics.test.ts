import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createAnalytics } from "../../sync/cloudflare/analytics.ts";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { type LocalAccount, startAccount } from "../../sync/local/account/account.ts";

let account: LocalAccount;

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
});
after(() => account.close());
beforeEach(() => account.datasets.clear());

function createClient(dataset = "edgress", apiToken = account.token) {
  return createAnalytics(createApiClient({ apiToken, baseURL: account.baseURL }), account.accountId, dataset);
}

function write(count: number, blobs: readonly string[], timestamp = Date.now()): void {
  for (let n = 0; n < count; n++)
    account.datasets.write({ dataset: "edgress", index: "a.example.com", blobs, doubles: [1, 2], timestamp });
}

test("Requests since a time are counted by generation, side, outcome and status class, as numbers", async () => {
  const now = Date.now();
  write(5, ["route", "7", "active", "routed", "2xx"], now - 3_600_000);
  write(3, ["route", "7", "active", "routed", "2xx"], now);
  write(2, ["", "7", "candidate", "no-route", "4xx"], now);
  const row = { generation: 7, requests: 3, points: 3, side: "active", outcome: "routed", statusClass: "2xx" };
  assert.deepEqual(await createClient().countRequests(new Date(now - 60_000)), [
    row,
    { ...row, requests: 2, points: 2, side: "candidate", outcome: "no-route", statusClass: "4xx" },
  ]);
});

test("A sampled point counts for the requests that it represents", async () => {
  account.datasets.setSampleInterval(10);
  write(100, ["route", "7", "active", "routed", "2xx"]);
  account.datasets.setSampleInterval(1);
  const [count] = await createClient().countRequests(new Date(0));
  assert.deepEqual([count?.requests, count?.points], [100, 10]);
});

test("A dataset without any point has no requests, and another problem is an error", async () => {
  assert.deepEqual(await createClient().countRequests(new Date()), []);
  await assert.rejects(createClient("edgress", "wrong").countRequests(new Date()), /403/);
  assert.throws(() => createClient("edge gress"), /dataset is invalid: "edge gress"\. Use letters, digits/);
});
