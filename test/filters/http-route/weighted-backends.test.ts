import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { WeightedBackendsSettings } from "../../../src/rules/policies/weighted-backends.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

// The origins answer with these texts.
const ANN = "203.0.113.10:80";
const BOB = "203.0.113.11:80";
const BOB_TOO = "203.0.113.12:80";

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  origins = await Promise.all([ANN, BOB, BOB_TOO].map((address) => startOriginServer(address, edge.stack)));
  const ann = { weight: 1, backend: "default/ann:80" };
  const bob = { weight: 1, backend: "default/bob:80" };
  const both = [ann, bob];
  const forwardedFor = {
    type: "request-headers" as const,
    set: [["X-Forwarded-For", "192.0.2.9"]] as [string, string][],
  };
  await publishRoutes(
    edge,
    {
      shares: buildRoute({ choices: [{ ...ann, weight: 9 }, bob] }),
      zero: buildRoute({ choices: [{ ...ann, weight: 0 }, bob] }),
      none: buildRoute({ choices: [{ ...ann, weight: 0 }] }),
      empty: buildRoute({ choices: [] }),
      invalid: buildRoute({ choices: [{ weight: 1, status: 500, reason: "there is no Service default/carl" }] }),
      unready: buildRoute({ choices: [{ weight: 1, status: 503, reason: "default/carl has no address" }] }),
      half: buildRoute({ choices: [ann, { weight: 1, status: 500 }] }),
      filters: buildRoute({
        choices: [
          { ...ann, filters: [{ type: "request-headers", set: [["X-For-Ann", "yes"]] }] },
          { ...bob, filters: [{ type: "redirect", host: "bob.example.com", code: 302 }] },
        ],
      }),
      foreign: buildRoute({ choices: [{ weight: 1, backend: "other/ann:80", filters: [forwardedFor] }] }),
      "foreign-rule": {
        policies: {
          routeFilters: { filters: [forwardedFor] },
          weightedBackends: { choices: [{ weight: 1, backend: "other/ann:80" }] },
        },
      },
      cookie: buildRoute({ choices: both, session: { type: "cookie", name: "stay" } }),
      permanent: buildRoute({ choices: both, session: { type: "cookie", name: "stay", maxAgeS: 3600 } }),
      drained: buildRoute({ choices: [{ ...ann, weight: 0 }, bob], session: { type: "cookie", name: "stay" } }),
      header: buildRoute({ choices: both, session: { type: "header", name: "X-Session" } }),
    },
    { ann: ["203.0.113.10"], bob: ["203.0.113.11", "203.0.113.12"] },
  );
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

function buildRoute(weightedBackends: WeightedBackendsSettings): RouteSummary {
  return { policies: { weightedBackends } };
}

function send(host: string, headers: Readonly<Record<string, string>> = {}) {
  return sendRequest(edge, `http://${host}.example.com/`, { headers });
}

function sendMany(count: number, host: string, headers: Readonly<Record<string, string>> = {}) {
  return Promise.all(Array.from({ length: count }, () => send(host, headers)));
}

/** Sends many requests, and returns a response of an address. */
async function findResponse(address: string, host: string) {
  const responses = await sendMany(100, host);
  const response = responses.find(({ body }) => body === address);
  assert.ok(response, `no response of ${address}`);
  return response;
}

test("Each backend gets its share of the requests", async () => {
  const responses = await sendMany(400, "shares");
  const count = responses.filter(({ body }) => body === ANN).length;
  assert.ok(count > 320 && count < 396, `${count} of 400`); // 360 expected, 6 standard deviations
});

test("A backend of weight 0 gets no request", async () => {
  const responses = await sendMany(40, "zero");
  assert.ok(responses.every(({ body }) => body === BOB || body === BOB_TOO));
});

test("A rule whose weights are all 0, or that has no backend, answers 500", async () => {
  assert.equal((await send("none")).status, 500);
  assert.equal((await send("empty")).status, 500);
});

test("An invalid backend answers its status for its share, and the access log has the reason", async () => {
  assert.equal((await send("invalid", { "X-Request-ID": "invalid" })).status, 500);
  const { outcome, reason } = await edge.waitForAccessLine("invalid");
  assert.deepEqual([outcome, reason], ["no-backend", "there is no Service default/carl"]);
  assert.equal((await send("unready")).status, 503);
  const statuses = (await sendMany(100, "half")).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 500]);
});

test("The filters of a backend apply only to its requests", async () => {
  const responses = await sendMany(60, "filters");
  const locations = responses.map(({ status, headers }) => (status === 302 ? headers.location : status));
  assert.deepEqual([...new Set(locations)].sort(), [200, "http://bob.example.com/"]);
  assert.equal(origins[0]?.requests.at(-1)?.headers["x-for-ann"], "yes");
});

test("A rule that changes the edge's headers answers 500 for a backend of another namespace", async () => {
  assert.equal((await send("foreign")).status, 500);
  assert.equal((await send("foreign-rule")).status, 500);
});

test("A client with a session cookie stays at its backend and address", async () => {
  for (const address of [ANN, BOB, BOB_TOO]) {
    const { headers } = await findResponse(address, "cookie");
    const [cookie = ""] = headers["set-cookie"] ?? [];
    assert.match(cookie, /^stay=[0-9a-f]{4}\|[0-9a-f]{8}; Path=\/; HttpOnly$/);
    const responses = await sendMany(20, "cookie", { Cookie: cookie.split(";")[0] ?? "" });
    assert.ok(responses.every(({ body }) => body === address));
    assert.ok(responses.every((response) => response.headers["set-cookie"] === undefined));
  }
});

test("A permanent session has the age of its cookie, and a forged cookie begins a new session", async () => {
  const { headers, status } = await send("permanent", { Cookie: "stay=0000|00000000" });
  assert.equal(status, 200);
  assert.match(headers["set-cookie"]?.[0] ?? "", /^stay=[^;]+; Max-Age=3600; Path=\/; HttpOnly$/);
});

test("A session stays at a backend whose weight became 0", async () => {
  const { headers } = await findResponse(ANN, "cookie");
  const [cookie = ""] = headers["set-cookie"] ?? [];
  const responses = await sendMany(20, "drained", { Cookie: cookie.split(";")[0] ?? "" });
  assert.ok(responses.every(({ body }) => body === ANN));
});

test("A client that returns the session header stays at its backend and address", async () => {
  const first = await send("header");
  const token = first.headers["x-session"];
  assert.match(String(token), /^[0-9a-f]{4}\|[0-9a-f]{8}$/);
  const responses = await sendMany(20, "header", { "X-Session": String(token) });
  assert.ok(responses.every(({ body }) => body === first.body));
});
