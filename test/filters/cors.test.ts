import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  buildIngressManifest,
  buildServiceManifest,
  startWorkerHarness,
  type WorkerHarness,
} from "../support/worker-harness.ts";

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
  // Does as its path says: "/500" answers 500; it speaks of CORS itself, twice.
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
  test(`a ${status} of the origin says who may read it, in place of what the origin says`, async () => {
    const response = await fetchWithOrigin(`/${status}`, "https://a.example.net");
    assert.equal(response.status, status);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://a.example.net");
    assert.equal(response.headers.get("Access-Control-Allow-Methods"), "GET, PUT, POST, DELETE, PATCH, OPTIONS");
    assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  });
}

test("what the origin says of CORS reaches origins that are not allowed, as it stands", async () => {
  const response = await fetchWithOrigin("/200", "https://else.example.net");
  assert.equal(response.headers.get("Access-Control-Allow-Methods"), "TRACE");
  assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
});

test("requests at the same time get their own origin each", async () => {
  const origins = Array.from({ length: 40 }, (_, index) => `https://${index % 2 ? "a" : "b"}.example.net`);
  const answers = await Promise.all(origins.map((own) => fetchWithOrigin("/200", own)));
  const told = answers.map(({ headers }) => headers.get("Access-Control-Allow-Origin"));
  assert.deepEqual(told, origins);
});

test("a preflight's access line says that it was one", async () => {
  const headers = { Origin: "https://a.example.net", "X-Request-ID": "preflight-1" };
  await fetch(new URL("/x", edge.stack.http), { method: "OPTIONS", headers });
  const line = await edge.waitForAccessLine("preflight-1");
  assert.deepEqual([line.status, line.outcome, line.route], [204, "preflight", "default/shop#0.0"]);
});

function fetchWithOrigin(path: string, origin: string): Promise<Response> {
  return fetch(new URL(path, edge.stack.http), { headers: { Origin: origin }, redirect: "manual" });
}
