import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { after, before, test } from "node:test";
import { authorization } from "../../src/filters/authorization/authorization.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { ANN_HEADERS, EXTERNAL_AUTH, SHOP_URL } from "../support/worker/authorization-samples.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { EMPTY_HOST_CONTEXT, findOriginHeader, runFilter, stubExchange } from "../support/worker/sample-exchanges.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const CACHE = { key: "$http_authorization", path: "/", seconds: { "200": 300, "401": 60 } };
const filter = authorization({ any: false, external: { ...EXTERNAL_AUTH, cache: CACHE } }, EMPTY_HOST_CONTEXT);

/** Runs two requests. Returns the number of requests to the service, and the names and lifetimes of cached responses. */
async function runTwice(createResponse: () => Response, secondAuthorization = ANN_HEADERS.Authorization) {
  const cached = new Map<string, string>();
  const seconds: number[] = [];
  let requestCount = 0;
  const services = {
    fetch: async () => {
      requestCount++;
      return createResponse();
    },
    cache: {
      get: async (name: string) => cached.get(name),
      put: async (name: string, value: string, ttl: number) => {
        seconds.push(ttl);
        cached.set(name, value);
      },
    },
  };
  for (const Authorization of [ANN_HEADERS.Authorization, secondAuthorization]) {
    const { result, forwarded } = await runFilter(filter, stubExchange(SHOP_URL, { Authorization }, services));
    if (result.response.status === 200) assert.equal(findOriginHeader(forwarded ?? assert.fail(), "X-User"), "ann");
  }
  return { requestCount, seconds, names: [...cached.keys()].join() };
}

const respondWith =
  (status: number, headers = {}) =>
  () =>
    new Response(null, { status, headers: { "X-User": "ann", ...headers } });

test("auth-cache-duration sets the lifetime of a cached response by its status", async () => {
  assert.deepEqual((await runTwice(respondWith(200))).seconds, [300]);
  assert.deepEqual((await runTwice(respondWith(401))).seconds, [60]);
  assert.equal((await runTwice(respondWith(401))).requestCount, 1);
  assert.deepEqual((await runTwice(respondWith(403))).seconds, []);
  assert.equal((await runTwice(respondWith(500))).requestCount, 2);
});

test("auth-cache-key separates cached responses, and is not readable in their names", async () => {
  const { requestCount, names } = await runTwice(respondWith(200), "Bearer other");
  assert.equal(requestCount, 2);
  assert.ok(!names.includes("Basic"));
});

test("A response of the authentication service limits its own lifetime in the cache", async () => {
  assert.deepEqual((await runTwice(respondWith(200, { "Cache-Control": "max-age=7" }))).seconds, [7]);
  for (const headers of [
    { "Cache-Control": "private" },
    { "Cache-Control": "no-store" },
    { "Cache-Control": "max-age=0" },
    { "Set-Cookie": "a=b" },
    { Vary: "*" },
    { Expires: "Thu, 01 Jan 1970 00:00:00 GMT" },
  ]) {
    assert.deepEqual((await runTwice(respondWith(200, headers))).seconds, [], JSON.stringify(headers));
  }
});

test("An authentication service cannot extend auth-cache-duration", async () => {
  assert.deepEqual((await runTwice(respondWith(200, { "Cache-Control": "max-age=999999999" }))).seconds, [300]);
  assert.deepEqual((await runTwice(respondWith(401, { "Cache-Control": "s-maxage=86400" }))).seconds, [60]);
  const expires = { Expires: "Thu, 01 Jan 2099 00:00:00 GMT" };
  assert.deepEqual((await runTwice(respondWith(200, expires))).seconds, [300]);
  assert.deepEqual((await runTwice(respondWith(403, { "Cache-Control": "max-age=60" }))).seconds, []);
});

test("A cached response does not authorize after the target, a setting or the Ingress was replaced", async () => {
  const names = new Set<string>();
  const external = { ...EXTERNAL_AUTH, cache: CACHE };
  const variants = [
    external,
    { ...external, target: { via: "internet", origin: "https://other.example.org", path: "/verify" } as const },
    { ...external, method: "POST" },
    { ...external, responseHeaders: ["X-User", "X-Groups"] },
    { ...external, cache: { ...CACHE, ingress: "6f0c" } },
    { ...external, cache: { ...CACHE, ingress: "7a1d" } },
  ];
  for (const variant of variants) {
    const get = async (name: string) => void names.add(name);
    const services = { fetch: async () => new Response(null), cache: { get, put: async () => {} } };
    const variantFilter = authorization({ any: false, external: variant }, EMPTY_HOST_CONTEXT);
    await runFilter(variantFilter, stubExchange(SHOP_URL, {}, services));
  }
  assert.equal(names.size, variants.length);
});

test("The authentication service receives the request if the cached response is unreadable", async () => {
  const fetch = async () => new Response(null, { status: 403 });
  for (const get of [async () => "{}", async () => Promise.reject(new Error("no cache")), async () => "x"]) {
    const services = { fetch, cache: { get, put: async () => {} } };
    const { result } = await runFilter(filter, stubExchange(SHOP_URL, {}, services));
    assert.equal(result.response.status, 403);
  }
});

let edge: WorkerHarness;
let gate: ListeningServer;
const gateRequests: IncomingMessage[] = [];

before(async () => {
  edge = await startWorkerHarness({ echoOrigins: true });
  const gateUrl = "http://gate.default.svc.cluster.local";
  await edge.publish(
    buildManifests(
      {
        cached: {
          annotations: {
            "auth-url": `${gateUrl}/verify?x=$arg_x`,
            "auth-cache-key": "$cookie_session",
            "auth-response-headers": "X-User",
          },
        },
        cookies: { annotations: { "auth-url": `${gateUrl}/cookies` } },
      },
      { shop: ["203.0.113.10"], gate: ["203.0.113.20"] },
    ),
  );
  const server = createServer((request, response) => {
    gateRequests.push(request);
    const cookies = request.url === "/cookies" ? { "Set-Cookie": ["a=1; Path=/", "b=2"] } : {};
    response.writeHead(200, { "X-User": "ann", ...cookies }).end();
  });
  gate = await listen(server, 0);
  edge.stack.forward("203.0.113.20:80", `127.0.0.1:${gate.port}`);
});

after(async () => {
  await edge.close();
  await gate.close();
});

/** Returns the client's response, and the origin's request. */
async function fetchEcho(host: string, path: string, options: RequestOptions = {}) {
  const response = await sendRequest(edge, `http://${host}.example.com${path}`, options);
  return { response, echo: JSON.parse(response.body) as { headers: Record<string, string>; body: string } };
}

test("The edge caches the response of the authentication service by auth-cache-key", async () => {
  const countBefore = gateRequests.length;
  for (const path of ["/1", "/2", "/3"]) {
    const headers = { Cookie: "session=one", "X-User": "root" };
    const { response, echo } = await fetchEcho("cached", path, { headers });
    assert.equal(response.status, 200);
    assert.equal(echo.headers["x-user"], "ann");
  }
  assert.equal(gateRequests.length, countBefore + 1);
  await fetchEcho("cached", "/1", { headers: { Cookie: "session=two" } });
  assert.equal(gateRequests.length, countBefore + 2);
});

test("The origin receives the body of a request, and the authentication service receives none", async () => {
  const options = { method: "POST", headers: { "Content-Type": "text/plain" }, body: "hello" };
  const { echo } = await fetchEcho("cookies", "/", options);
  assert.equal(echo.body, "hello");
  const request = gateRequests.at(-1);
  assert.equal(request?.method, "GET");
  assert.equal(request?.headers["content-length"], undefined);
  assert.equal(request?.headers["x-original-method"], "POST");
});

test("The client receives each cookie of the authentication service", async () => {
  const { response } = await fetchEcho("cookies", "/");
  assert.deepEqual(response.headers["set-cookie"], ["a=1; Path=/", "b=2"]);
});
