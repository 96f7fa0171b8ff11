import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { AUTH_FILTER, publishRoutes } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let shop: OriginServer;
let auth: OriginServer;
let pages: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  auth = await startOriginServer("203.0.113.11:80", edge.stack);
  pages = await startOriginServer("203.0.113.12:80", edge.stack);
  const customErrors = { codes: [404], backend: "default/pages:80", service: "shop", port: "80", onlyOwn: false };
  const listed = { ...AUTH_FILTER, requestHeaders: ["X-Original-URI"], responseHeaders: ["X-User"] };
  await publishRoutes(
    edge,
    {
      plain: { service: "shop", policies: { routeFilters: { filters: [AUTH_FILTER] } } },
      page: { service: "shop", policies: { customErrors, routeFilters: { filters: [listed] } } },
      "backend-page": {
        policies: {
          customErrors,
          weightedBackends: { choices: [{ weight: 1, backend: "default/shop:80", filters: [AUTH_FILTER] }] },
        },
      },
    },
    { shop: ["203.0.113.10"], auth: ["203.0.113.11"], pages: ["203.0.113.12"] },
  );
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), auth.close(), pages.close()]);
});

beforeEach(() => {
  shop.requests.length = 0;
  answerAuth(200);
});

function answerAuth(status: number, headers: Readonly<Record<string, string>> = {}) {
  auth.respond = (response) => void response.writeHead(status, headers).end();
}

function send(host: string, headers: Readonly<Record<string, string>> = {}) {
  return sendRequest(edge, `http://${host}.example.com/a/../b?c=d`, { headers });
}

test("Without a list the origin gets no header of the service's connection, body, WebSocket or cookies", async () => {
  const hidden = {
    "X-Hop": "1",
    "Keep-Alive": "timeout=9",
    "Sec-WebSocket-Accept": "a",
    "Set-Cookie": "b=2",
    TE: "gzip",
  };
  answerAuth(200, { ...hidden, Connection: "X-Hop, keep-alive", "Content-Language": "en", Host: "evil.example.com" });
  await send("plain", { Cookie: "a=1" });
  const { headers } = shop.requests[0] ?? {};
  for (const name of [...Object.keys(hidden), "Content-Language"]) {
    assert.equal(headers?.[name.toLowerCase()], undefined, name);
  }
  assert.deepEqual([headers?.host, headers?.cookie], ["plain.example.com", "a=1"]);
});

test("Without a list the service's headers replace the client's, and the client names no user", async () => {
  const forged = { "X-Forwarded-User": "root", "x-auth-request-email": "root", "Remote-Groups": "root" };
  answerAuth(200, { "X-User": "ann", "X-Auth-Request-Email": "ann" });
  await send("plain", { ...forged, "X-User": "root", Authorization: "Bearer client", "X-Own": "kept" });
  answerAuth(200, { Authorization: "Bearer service" });
  await send("plain", { Authorization: "Bearer client" });
  const [first, second] = shop.requests;
  const names = ["x-user", "x-auth-request-email", "x-forwarded-user", "remote-groups", "authorization", "x-own"];
  assert.deepEqual(
    names.map((name) => first?.headers[name]),
    ["ann", "ann", undefined, undefined, "Bearer client", "kept"],
  );
  assert.equal(second?.headers.authorization, "Bearer service");
});

test("A client forges headers of the edge neither for an error page nor for the service", async () => {
  shop.respond = (response) => void response.writeHead(404).end();
  const headers = {
    ...Object.fromEntries(
      ["X-Code", "X-Format", "X-Original-URI", "X-Namespace", "X-Ingress-Name", "X-Service-Name", "X-Service-Port"].map(
        (name) => [name, "forged"],
      ),
    ),
    "X-User": "root",
    "X-Auth-Request-User": "root",
    Connection: "X-Code, X-User",
  };
  for (const host of ["page", "backend-page"]) {
    await send(host, headers);
    const page = pages.requests.at(-1);
    assert.deepEqual(
      ["x-code", "x-format", "x-original-uri", "x-namespace"].map((name) => page?.headers[name]),
      ["404", undefined, "/a/../b?c=d", "default"],
    );
    assert.ok(!Object.values(page?.headers ?? {}).includes("forged"), host);
    assert.ok(!Object.values(auth.requests.at(-1)?.headers ?? {}).includes("forged"), host);
  }
  await send("page", { "X-User": "root" });
  await send("backend-page", { "X-Auth-Request-User": "root" });
  const [listedPage, openPage] = pages.requests.slice(-2);
  assert.equal(listedPage?.headers["x-user"], undefined);
  assert.equal(openPage?.headers["x-auth-request-user"], undefined);
  shop.respond = (response) => void response.end();
});
