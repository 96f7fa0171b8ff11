import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ADDRESSES = ["203.0.113.10", "203.0.113.20"];
/** An address of each host: one that has refused a connection is ejected. */
const REFUSING_ADDRESSES = ["203.0.113.40", "203.0.113.41", "203.0.113.42", "203.0.113.43"];

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  const annotations = { "proxy-next-upstream": "http_52x" };
  const anyMethod = { "proxy-next-upstream": "http_52x non_idempotent" };
  const services = REFUSING_ADDRESSES.map((address, index) => [`half-${index}`, [address, ...ADDRESSES.slice(1)]]);
  await edge.publish(
    buildManifests(
      {
        two: {},
        "refused-post": { service: "half-0", annotations },
        "refused-patch": { service: "half-1", annotations },
        "any-post": { service: "half-2", annotations: anyMethod },
        "any-patch": { service: "half-3", annotations: anyMethod },
      },
      { shop: ADDRESSES, ...Object.fromEntries(services) },
    ),
  );
  origins = await Promise.all(ADDRESSES.map((address) => startOriginServer(`${address}:80`, edge.stack)));
  for (const address of REFUSING_ADDRESSES) await startBrokenOrigin(`${address}:80`, edge.stack, "refuse");
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

/** Returns the different statuses of four requests with a body, sorted. */
async function collectStatuses(host: string, method: string): Promise<number[]> {
  const statuses = new Set<number>();
  for (let count = 0; count < 4; count++) {
    const { status } = await sendRequest(edge, `http://${host}.example.com/`, { method, body: "order" });
    statuses.add(status);
  }
  return [...statuses].toSorted();
}

test("The next address receives a POST to a refusing address only with non_idempotent", async () => {
  for (const method of ["POST", "PATCH"]) {
    assert.deepEqual(await collectStatuses(`refused-${method.toLowerCase()}`, method), [200, 502], method);
    assert.deepEqual(await collectStatuses(`any-${method.toLowerCase()}`, method), [200], method);
  }
  assert.ok(origins[1]?.requests.every(({ body }) => body.toString() === "order"));
});

test("An origin cannot have a POST repeated with a status of its own", async () => {
  for (const status of [500, 502, 503, 504, ...Array.from({ length: 11 }, (_, index) => 520 + index)]) {
    for (const origin of origins) {
      origin.requests.length = 0;
      origin.respond = (response) => void response.writeHead(status).end("origin");
    }
    await sendRequest(edge, "http://two.example.com/", { method: "POST", body: "order" });
    const requests = origins.flatMap((origin) => origin.requests).filter(({ method }) => method === "POST");
    assert.equal(requests.length, 1, String(status));
  }
});
