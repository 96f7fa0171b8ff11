import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { NO_FENCE } from "../../sync/publish/guard/write-fence.ts";
import { publishHealth } from "../../sync/publish/publish-health.ts";
import type { PublishedSnapshot } from "../../sync/publish/read-published.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ADDRESSES = ["203.0.113.10", "203.0.113.20", "203.0.113.30"];

let edge: WorkerHarness;
let snapshot: PublishedSnapshot;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  const manifests = buildManifests(
    {
      shop: {},
      sticky: { annotations: { affinity: "cookie" } },
      guarded: { service: "app", annotations: { "auth-url": "http://shop/auth" } },
    },
    { shop: ADDRESSES, app: ["203.0.113.40"] },
  );
  ({
    publishResult: { snapshot },
  } = await edge.publish(manifests));
  await edge.startOrigin("203.0.113.40:80", (_, response) => response.end());
  origins = await Promise.all(ADDRESSES.map((address) => startOriginServer(`${address}:80`, edge.stack)));
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

/** Publishes unhealthy addresses, and resolves when the edge knows them. */
async function publishUnhealthy(...unhealthyAddresses: readonly string[]): Promise<void> {
  const { addresses = [] } =
    snapshot.hosts.find(({ host }) => host === "shop.example.com")?.backends["default/shop:80"] ?? {};
  const records = addresses.filter(({ address }) => unhealthyAddresses.includes(address)).map(({ record }) => record);
  const unhealthy = records.length === 0 ? undefined : { "default/shop:80": records };
  const context = { account: edge.account, author: {}, fence: NO_FENCE };
  snapshot = await publishHealth(unhealthy, snapshot, context, new Date());
  await waitForGeneration(edge.stack.http, snapshot.manifest?.generation ?? 0);
}

/** Returns the addresses that answer requests, without duplicates. */
async function collectAnswers(host = "shop", headers = {}): Promise<string[]> {
  const answers = new Set<string>();
  for (let count = 0; count < 9; count++)
    answers.add((await sendRequest(edge, `http://${host}.example.com/`, { headers })).body.replace(":80", ""));
  return [...answers].toSorted();
}

test("An unhealthy address receives no request, and receives requests again when it is healthy", async () => {
  assert.deepEqual(await collectAnswers(), ADDRESSES);
  await publishUnhealthy("203.0.113.20");
  assert.deepEqual(await collectAnswers(), ["203.0.113.10", "203.0.113.30"]);
  await publishUnhealthy();
  assert.deepEqual(await collectAnswers(), ADDRESSES);
});

test("If all addresses are unhealthy, all receive requests", async () => {
  await publishUnhealthy(...ADDRESSES);
  assert.deepEqual(await collectAnswers(), ADDRESSES);
  await publishUnhealthy();
});

test("A client with the cookie of an unhealthy address gets another one", async () => {
  const { body, headers } = await sendRequest(edge, "http://sticky.example.com/");
  const cookie = { Cookie: String(headers["set-cookie"]).split(";")[0] };
  const address = body.replace(":80", "");
  assert.deepEqual(await collectAnswers("sticky", cookie), [address]);
  await publishUnhealthy(address);
  assert.ok(!(await collectAnswers("sticky", cookie)).includes(address));
});

test("A subrequest to a Service avoids an unhealthy address", async () => {
  await publishUnhealthy("203.0.113.10", "203.0.113.20");
  for (const { requests } of origins) requests.length = 0;
  for (let count = 0; count < 12; count++)
    assert.equal((await sendRequest(edge, `http://guarded.example.com/${count}`)).status, 200);
  assert.deepEqual(
    origins.map(({ requests }) => requests.length),
    [0, 0, 12],
  );
});
