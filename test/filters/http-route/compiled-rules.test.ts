import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildServiceManifest } from "../../support/manifests.ts";
import { type RequestOptions, sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

const API_VERSION = "gateway.networking.k8s.io/v1";

let edge: WorkerHarness;
let shop: OriginServer;
let auth: OriginServer;

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: "300" } });
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  auth = await startOriginServer("203.0.113.11:80", edge.stack);
  const authentication = {
    type: "ExternalAuth",
    externalAuth: { protocol: "HTTP", backendRef: { name: "auth", port: 80 }, http: { path: "/check" } },
  };
  const cors = { type: "CORS", cors: { allowOrigins: ["https://a.example.net"], allowMethods: ["GET"] } };
  await edge.publish([
    {
      apiVersion: API_VERSION,
      kind: "GatewayClass",
      metadata: { name: "edgress" },
      spec: { controllerName: "edgress.dev/ingress-controller" },
    },
    {
      apiVersion: API_VERSION,
      kind: "Gateway",
      metadata: { name: "web" },
      spec: { gatewayClassName: "edgress", listeners: [{ name: "http", port: 80, protocol: "HTTP" }] },
    },
    buildHttpRoute("retry", { retry: { codes: [503], attempts: 2, backoff: "1ms" } }),
    buildHttpRoute("unlimited", { timeouts: { request: "0s" } }),
    buildHttpRoute("limited", { timeouts: { request: "100ms" } }),
    buildHttpRoute("session", { sessionPersistence: { sessionName: "stay" } }),
    buildHttpRoute("unnamed", { sessionPersistence: { type: "Cookie" } }),
    buildHttpRoute("private", { filters: [authentication] }),
    buildHttpRoute("cors", { filters: [authentication, cors] }),
    buildHttpRoute("guarded", { filters: [cors] }, { "edgress.dev/whitelist-source-range": "192.0.2.0/24" }),
    buildServiceManifest("shop", ["203.0.113.10"]),
    buildServiceManifest("auth", ["203.0.113.11"]),
  ]);
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), auth.close()]);
});

function buildHttpRoute(name: string, rule: object, annotations: Readonly<Record<string, string>> = {}) {
  return {
    apiVersion: API_VERSION,
    kind: "HTTPRoute",
    metadata: { name, annotations },
    spec: {
      parentRefs: [{ name: "web" }],
      hostnames: [`${name}.example.com`],
      rules: [{ backendRefs: [{ name: "shop", port: 80 }], ...rule }],
    },
  };
}

function send(host: string, options: RequestOptions = {}) {
  return sendRequest(edge, `http://${host}.example.com/a`, options);
}

test("The retry stanza of an HTTPRoute repeats a request at the only address", async () => {
  const statuses = [503, 503];
  shop.respond = (response) => void response.writeHead(statuses.shift() ?? 200).end();
  assert.equal((await send("retry")).status, 200);
  assert.equal(shop.requests.length, 3);
});

test("A request timeout of an HTTPRoute limits its requests, and 0s lifts the default", async () => {
  shop.respond = (response) => void setTimeout(() => response.end(), 600);
  assert.equal((await send("limited")).status, 504);
  assert.equal((await send("unlimited")).status, 200);
});

test("The session persistence of an HTTPRoute sets its cookie", async () => {
  shop.respond = (response) => void response.end();
  const { headers } = await send("session");
  assert.match(headers["set-cookie"]?.[0] ?? "", /^stay=[^;]+; Path=\/; HttpOnly$/);
});

test("The default cookie of a session has a name for its rule", async () => {
  const { headers } = await send("unnamed");
  assert.match(headers["set-cookie"]?.[0] ?? "", /^EDGRESSSESSION-[0-9a-f]{8}=/);
});

test("The external authentication of an HTTPRoute admits only with 200", async () => {
  assert.equal((await send("private")).status, 200);
  assert.equal(auth.requests.at(-1)?.path, "/check/a");
  auth.respond = (response) => void response.writeHead(401).end();
  assert.equal((await send("private")).status, 401);
});

test("The CORS filter of an HTTPRoute answers a preflight before all that authenticates clients", async () => {
  const origin = "https://a.example.net";
  const headers = { Origin: origin, "Access-Control-Request-Method": "GET" };
  for (const host of ["cors", "guarded"]) {
    const preflight = await send(host, { method: "OPTIONS", headers });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [204, origin], host);
  }
  assert.equal((await send("guarded", { headers })).status, 403);
});
