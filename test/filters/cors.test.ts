import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ANNOTATIONS = {
  "nginx.ingress.kubernetes.io/enable-cors": "true",
  "nginx.ingress.kubernetes.io/cors-allow-origin": "https://a.example.net, https://b.example.net",
};

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  await edge.publish([
    buildIngressManifest("shop", undefined, { "/": "shop" }, ANNOTATIONS),
    buildServiceManifest("shop", ["203.0.113.10"]),
  ]);
  // The path is the status. The CORS headers are not those of the edge.
  await edge.startOrigin("203.0.113.10:80", ({ url = "" }, response) => {
    response.writeHead(Number(url.slice(1)), [
      ...["Access-Control-Allow-Origin", "https://wrong.example.net", "Access-Control-Allow-Origin", "*"],
      ...["Access-Control-Allow-Methods", "TRACE", "Vary", "Accept-Encoding", "Set-Cookie", "a=1", "Set-Cookie", "b=2"],
    ]);
    response.end();
  });
});

after(() => edge.close());

for (const status of [200, 204, 301, 401, 403, 404, 500, 503]) {
  test(`A ${status} of the origin has the CORS headers of the edge instead of those of the origin`, async () => {
    const response = await fetchWithOrigin(`/${status}`, "https://a.example.net");
    assert.equal(response.status, status);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://a.example.net");
    assert.equal(response.headers.get("Access-Control-Allow-Methods"), "GET, PUT, POST, DELETE, PATCH, OPTIONS");
    assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  });
}

test("A client of an origin that is not allowed receives the CORS headers of the origin server", async () => {
  const response = await fetchWithOrigin("/200", "https://else.example.net");
  assert.equal(response.headers.get("Access-Control-Allow-Methods"), "TRACE");
  assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
});

test("Concurrent requests receive each its own origin in Access-Control-Allow-Origin", async () => {
  const origins = Array.from({ length: 40 }, (_, index) => `https://${index % 2 ? "a" : "b"}.example.net`);
  const responses = await Promise.all(origins.map((origin) => fetchWithOrigin("/200", origin)));
  const allowedOrigins = responses.map(({ headers }) => headers.get("Access-Control-Allow-Origin"));
  assert.deepEqual(allowedOrigins, origins);
});

test("The access line of a preflight has the outcome preflight", async () => {
  const headers = { Origin: "https://a.example.net", "X-Request-ID": "preflight-1" };
  await fetch(new URL("/x", edge.stack.http), { method: "OPTIONS", headers });
  const line = await edge.waitForAccessLine("preflight-1");
  assert.deepEqual([line.status, line.outcome, line.route], [204, "preflight", "default/shop#0.0"]);
});

function fetchWithOrigin(path: string, origin: string): Promise<Response> {
  return fetch(new URL(path, edge.stack.http), { headers: { Origin: origin }, redirect: "manual" });
}
