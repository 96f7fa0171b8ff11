import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { RouteFilter } from "../../../src/rules/policies/route-filters.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../../support/worker/origins.ts";
import { AUTH_FILTER, publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let shop: OriginServer;
let auth: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  auth = await startOriginServer("203.0.113.11:80", edge.stack);
  await startBrokenOrigin("203.0.113.40:80", edge.stack, "refuse");
  await publishRoutes(
    edge,
    {
      plain: buildRoute(AUTH_FILTER),
      prefixed: buildRoute({ ...AUTH_FILTER, pathPrefix: "/check$uri/" }),
      listed: buildRoute({
        ...AUTH_FILTER,
        requestHeaders: ["Cookie", "X-Forwarded-For", "Connection"],
        responseHeaders: ["X-User", "X-Real-IP"],
      }),
      body: buildRoute({ ...AUTH_FILTER, maxBodyBytes: 10 }),
      refused: buildRoute({ ...AUTH_FILTER, backend: "default/down:80" }),
      missing: buildRoute({ ...AUTH_FILTER, backend: "default/none:80" }),
    },
    { shop: ["203.0.113.10"], auth: ["203.0.113.11"], down: ["203.0.113.40"] },
  );
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), auth.close()]);
});

beforeEach(() => {
  shop.requests.length = 0;
  auth.requests.length = 0;
  answerAuth(200);
});

function buildRoute(...filters: RouteFilter[]): RouteSummary {
  return { service: "shop", policies: { routeFilters: { filters } } };
}

function answerAuth(status: number, headers: Readonly<Record<string, string>> = {}) {
  auth.respond = (response) => void response.writeHead(status, headers).end("text of the service");
}

function send(host: string, headers: Readonly<Record<string, string>> = {}, method = "GET", body?: string) {
  return sendRequest(edge, `http://${host}.example.com/a/../b?c=d`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
}

test("Only 200 admits a request", async () => {
  assert.equal((await send("plain")).status, 200);
  for (const [status, expected] of [
    [201, 500],
    [204, 500],
    [302, 302],
    [401, 401],
    [403, 403],
    [500, 500],
    [503, 500],
  ] as const) {
    answerAuth(status);
    assert.equal((await send("plain")).status, expected, String(status));
  }
  assert.equal(shop.requests.length, 1);
});

test("A service that cannot be reached admits no request", async () => {
  assert.equal((await send("refused")).status, 500);
  assert.equal((await send("missing")).status, 500);
  assert.equal(shop.requests.length, 0);
});

test("The service gets method, path, Host and Authorization of the client, and no other header", async () => {
  await send("plain", { Authorization: "Bearer a", Cookie: "b=1", "X-User": "ann" }, "DELETE");
  const [request] = auth.requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.headers.host, request?.headers.authorization],
    ["DELETE", "/b?c=d", "plain.example.com", "Bearer a"],
  );
  assert.deepEqual([request?.headers.cookie, request?.headers["x-user"]], [undefined, undefined]);
  await send("prefixed");
  assert.equal(auth.requests.at(-1)?.path, "/check$uri/b?c=d");
});

test("A listed request header is that of the client, and the edge's if it describes the client", async () => {
  await send("listed", { Cookie: "b=1", "X-Forwarded-For": "192.0.2.1" });
  const [request] = auth.requests;
  assert.deepEqual([request?.headers.cookie, request?.headers["x-forwarded-for"]], ["b=1", "127.0.0.1"]);
});

test("A listed response header replaces the client's, also if the service does not send it", async () => {
  answerAuth(200, { "X-User": "ann", "X-Real-IP": "192.0.2.1", "X-Other": "no" });
  await send("listed", { "X-User": "forged" });
  answerAuth(200);
  await send("listed", { "X-User": "forged" });
  const [first, second] = shop.requests;
  assert.deepEqual([first?.headers["x-user"], first?.headers["x-other"]], ["ann", undefined]);
  assert.equal(first?.headers["x-real-ip"], "127.0.0.1");
  assert.equal(second?.headers["x-user"], undefined);
});

test("Without a list the origin gets all headers of the service but those of its body and of the edge", async () => {
  answerAuth(200, { "X-User": "ann", "Content-Type": "text/x", "X-Forwarded-For": "192.0.2.1" });
  await send("plain");
  const [request] = shop.requests;
  assert.equal(request?.headers["x-user"], "ann");
  assert.equal(request?.headers["content-type"], undefined);
  assert.equal(request?.headers["x-forwarded-for"], "127.0.0.1");
});

test("A denial has the service's redirect, challenge and cookies", async () => {
  answerAuth(302, { Location: "https://login.example.com/", "Set-Cookie": "state=1" });
  const redirect = await send("plain");
  assert.equal(redirect.headers.location, "https://login.example.com/");
  assert.deepEqual(redirect.headers["set-cookie"], ["state=1"]);
  answerAuth(401, { "WWW-Authenticate": "Bearer" });
  const denial = await send("plain");
  assert.equal(denial.headers["www-authenticate"], "Bearer");
  assert.ok(!denial.body.includes("text of the service"));
});

test("The service gets a body up to its limit, and a larger one is rejected with 413", async () => {
  assert.equal((await send("body", {}, "POST", "0123456789")).status, 200);
  assert.equal(String(auth.requests[0]?.body), "0123456789");
  assert.equal(auth.requests[0]?.headers["content-length"], "10");
  assert.equal(String(shop.requests[0]?.body), "0123456789");
  assert.equal((await send("body", {}, "POST", "0123456789a")).status, 413);
  assert.equal((await send("plain", {}, "POST", "text")).status, 200);
  assert.equal(auth.requests.at(-1)?.headers["content-length"], "0");
  assert.equal(shop.requests.length, 2);
});
