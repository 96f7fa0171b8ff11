import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildFilterPolicies } from "../../../src/rules/policies/route-cors.ts";
import type { RouteFilter } from "../../../src/rules/policies/route-filters.ts";
import { waitFor } from "../../support/wait-for.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

const ADDRESSES = ["203.0.113.10", "203.0.113.11", "203.0.113.12"];

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  origins = await Promise.all(ADDRESSES.map((address) => startOriginServer(`${address}:80`, edge.stack)));
  const cors = { type: "cors", methods: ["GET", "PUT"], headers: ["X-One"], expose: ["X-Two"], maxAge: 5 } as const;
  const listed = {
    ...cors,
    origins: ["https://a.example.net", "https://*.b.example.net", "http://*.c.example.net:8080"],
  };
  const open = { origins: ["*"], methods: ["*"], headers: ["*"], expose: ["*"] };
  await publishRoutes(
    edge,
    {
      mirror: buildRoute(
        { type: "request-headers", set: [["X-Set", "route"]] },
        { type: "rewrite", host: "inner.example.com", path: { type: "full", path: "/copied" } },
        mirrorTo("shadow"),
        mirrorTo("shade"),
        { type: "request-headers", set: [["X-Later", "route"]] },
      ),
      half: buildRoute({ ...mirrorTo("shadow"), numerator: 1, denominator: 2 }),
      listed: buildRoute({ ...cors, ...listed, ...mutable(cors), credentials: true }),
      guarded: {
        service: "shop",
        policies: {
          ...buildFilterPolicies([
            { type: "response-headers", set: [["X-Set", "route"]] },
            { ...cors, ...listed, ...mutable(cors), credentials: true },
          ]),
          authorization: { any: false, sourceRange: { allow: ["192.0.2.0/24"] } },
        },
      },
      open: buildRoute({ ...cors, ...open, credentials: false }),
      "open-with-credentials": buildRoute({ ...cors, ...open, credentials: true }),
    },
    { shop: ["203.0.113.10"], shadow: ["203.0.113.11"], shade: ["203.0.113.12"] },
  );
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

function buildRoute(...filters: RouteFilter[]): RouteSummary {
  return { service: "shop", policies: { routeFilters: { filters } } };
}

function mirrorTo(service: string) {
  const target = { via: "backend", backend: `default/${service}:80`, path: "$request_uri" } as const;
  return { type: "mirror", target } as const;
}

function send(host: string, method: string, headers: Readonly<Record<string, string>>, body?: string) {
  return sendRequest(edge, `http://${host}.example.com/a?b=c`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
}

function sendPreflight(host: string, origin: string) {
  const headers = { Origin: origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-one" };
  return send(host, "OPTIONS", headers);
}

test("A mirror gets the request as the filters before it changed it, with its body", async () => {
  const response = await send("mirror", "POST", {}, "ordered");
  assert.equal(response.body, "203.0.113.10:80");
  const [shop, shadow, shade] = origins;
  await waitFor(() => shadow?.requests.length === 1 && shade?.requests.length === 1);
  for (const request of [shadow?.requests[0], shade?.requests[0]]) {
    assert.deepEqual([request?.method, request?.path, String(request?.body)], ["POST", "/copied?b=c", "ordered"]);
    assert.deepEqual(
      [request?.headers.host, request?.headers["x-set"], request?.headers["x-later"]],
      ["inner.example.com", "route", undefined],
    );
  }
  assert.equal(shop?.requests[0]?.headers["x-later"], "route");
});

test("A mirror of a fraction gets its share of the requests", async () => {
  const [, shadow] = origins;
  const countBefore = shadow?.requests.length ?? 0;
  await Promise.all(Array.from({ length: 100 }, () => send("half", "GET", {})));
  await send("mirror", "GET", {}); // its copy is sent after all the others
  await waitFor(() => shadow?.requests.at(-1)?.path === "/copied?b=c");
  const count = (shadow?.requests.length ?? 0) - countBefore - 1;
  assert.ok(count > 20 && count < 80, `${count} of 100`); // 50 expected, 6 standard deviations
});

test("A preflight of a listed origin is answered with the configured lists, and never forwarded", async () => {
  const countBefore = origins[0]?.requests.length;
  for (const origin of ["https://a.example.net", "https://x.y.b.example.net", "http://x.c.example.net:8080"]) {
    const { status, headers } = await sendPreflight("listed", origin);
    assert.equal(status, 204);
    assert.deepEqual(selectCorsHeaders(headers), {
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "X-Two",
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "X-One",
      "access-control-max-age": "5",
    });
  }
  for (const origin of ["https://b.example.net", "http://a.example.net", "https://a.example.net:8443", "null"]) {
    const { status, headers } = await sendPreflight("listed", origin);
    assert.deepEqual([status, selectCorsHeaders(headers)], [204, {}], origin);
  }
  assert.equal(origins[0]?.requests.length, countBefore);
});

test("Responses have CORS headers for a listed origin only, whatever the origin server sets", async () => {
  const [shop] = origins;
  if (shop) shop.respond = (response) => void response.setHeader("Access-Control-Allow-Origin", "*").end();
  const allowed = await send("listed", "GET", { Origin: "https://a.example.net" });
  const denied = await send("listed", "GET", { Origin: "https://else.example.net" });
  if (shop) shop.respond = (response) => void response.end();
  assert.equal(allowed.headers["access-control-allow-origin"], "https://a.example.net");
  assert.equal(allowed.headers.vary, "Origin");
  assert.equal(denied.status, 200);
  assert.deepEqual(selectCorsHeaders(denied.headers), {});
});

test("A star stays a star without credentials, and becomes the requested value with them", async () => {
  const open = selectCorsHeaders((await sendPreflight("open", "https://d.example.net")).headers);
  assert.equal(open["access-control-allow-origin"], "*");
  assert.equal(open["access-control-allow-methods"], "*");
  const { headers } = await sendPreflight("open-with-credentials", "https://d.example.net");
  assert.deepEqual(selectCorsHeaders(headers), {
    "access-control-allow-origin": "https://d.example.net",
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "PUT",
    "access-control-allow-headers": "x-one",
    "access-control-max-age": "5",
  });
});

test("A guard of the route rejects no preflight, and its rejection has CORS headers", async () => {
  const origin = "https://a.example.net";
  assert.equal((await sendPreflight("guarded", origin)).headers["access-control-allow-origin"], origin);
  const denial = await send("guarded", "GET", { Origin: origin });
  assert.deepEqual([denial.status, denial.headers["access-control-allow-origin"]], [403, origin]);
});

test("An OPTIONS request that is no preflight is forwarded", async () => {
  const countBefore = origins[0]?.requests.length ?? 0;
  assert.equal((await send("listed", "OPTIONS", { Origin: "https://a.example.net" })).status, 200);
  assert.equal(origins[0]?.requests.length, countBefore + 1);
});

function mutable({ methods, headers, expose }: Readonly<Record<"methods" | "headers" | "expose", readonly string[]>>) {
  return { methods: [...methods], headers: [...headers], expose: [...expose] };
}

function selectCorsHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));
}
