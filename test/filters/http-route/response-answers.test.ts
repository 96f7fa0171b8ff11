import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { RouteFilter } from "../../../src/rules/policies/route-filters.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let shop: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  await startBrokenOrigin("203.0.113.40:80", edge.stack, "refuse");
  const setHeader = { type: "response-headers", set: [["X-Set", "route"]] } as RouteFilter;
  const buildRoute = (policies: PolicySettings, service: string): RouteSummary => ({ service, policies });
  const invalid = { choices: [{ weight: 1, status: 500 as const, reason: "Service not found" }] };
  const origins = ["https://*", "https://*.b.example.net", "http://*:8080"];
  await publishRoutes(
    edge,
    {
      found: buildRoute({ routeFilters: { filters: [setHeader] } }, "shop"),
      refused: buildRoute({ routeFilters: { filters: [setHeader] } }, "down"),
      invalid: { policies: { routeFilters: { filters: [setHeader] }, weightedBackends: invalid } },
      redirected: buildRoute({ routeFilters: { filters: [{ type: "redirect", code: 302 }, setHeader] } }, "shop"),
      ...Object.fromEntries(
        origins.map((origin, index) => [
          `cors-${index}`,
          buildRoute(
            {
              routeCors: {
                ...{ type: "cors", origins: [origin], methods: [], headers: [], expose: [] },
                ...{ credentials: false, maxAge: 5 },
              },
            },
            "shop",
          ),
        ]),
      ),
    },
    { shop: ["203.0.113.10"], down: ["203.0.113.40"] },
  );
});

after(async () => {
  await edge.close();
  await shop.close();
});

describe("changed response headers", () => {
  for (const [host, status] of [
    ["found", 200],
    ["refused", 502],
    ["invalid", 500],
    ["redirected", 302],
  ] as const) {
    test(`A response-headers filter changes the ${status} of the route ${host}`, async () => {
      const response = await sendRequest(edge, `http://${host}.example.com/`);
      assert.deepEqual([response.status, response.headers["x-set"]], [status, "route"]);
    });
  }
});

describe("wildcard origins", () => {
  for (const [index, origin, isAllowed] of [
    [0, "https://a.example.net", true],
    [0, "https://localhost", true],
    [0, "http://a.example.net", false],
    [0, "https://a.example.net:8443", false],
    [0, "null", false],
    [1, "https://a.b.example.net", true],
    [1, "https://a.b.b.example.net", true],
    [1, "https://A.B.example.net:443", true],
    [1, "https://b.example.net", false],
    [1, "https://ab.example.net", false],
    [1, "https://a.b.example.net.evil.example", false],
    [1, "https://evil.example/.b.example.net", false],
    [2, "http://a.example.net:8080", true],
    [2, "http://a.example.net", false],
  ] as const) {
    test(`The list ${index} ${isAllowed ? "allows" : "does not allow"} the origin ${origin}`, async () => {
      const countBefore = shop.requests.length;
      const headers = { Origin: origin, "Access-Control-Request-Method": "PUT" };
      const response = await sendRequest(edge, `http://cors-${index}.example.com/`, { method: "OPTIONS", headers });
      assert.equal(response.status, 204);
      assert.equal(response.headers["access-control-allow-origin"], isAllowed ? origin : undefined);
      assert.equal(response.headers["access-control-max-age"], isAllowed ? "5" : undefined);
      assert.equal(shop.requests.length, countBefore);
    });
  }
});
