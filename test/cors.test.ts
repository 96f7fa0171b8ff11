import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { parseManifest } from "../sync/collect/manifests.ts";
import { clusterOf } from "../sync/collect/objects.ts";
import { listen } from "../sync/dev/listening.ts";
import { type Edge, startEdge } from "./support/edge.ts";

const MANIFESTS = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://a.example.net, https://b.example.net
spec:
  rules:
    - http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
`;

let edge: Edge;
let shop: Awaited<ReturnType<typeof listen>>;

// An origin that does as its path says: "/500" answers 500; it speaks of CORS itself, twice.
const server = createServer(({ url = "" }, response) => {
  response.writeHead(Number(url.slice(1)) || 200, [
    ...["Access-Control-Allow-Origin", "https://wrong.example.net", "Access-Control-Allow-Origin", "*"],
    ...["Access-Control-Allow-Methods", "TRACE", "Vary", "Accept-Encoding", "Set-Cookie", "a=1", "Set-Cookie", "b=2"],
  ]);
  response.end();
});

before(async () => {
  edge = await startEdge(["example.com"]);
  const parsed = parseManifest(MANIFESTS, "cors.yaml");
  assert.ok("found" in parsed);
  await edge.serve(clusterOf(parsed.found));
  shop = await listen(server, 0);
  edge.stack.forward("203.0.113.10:80", `127.0.0.1:${shop.port}`);
});

after(async () => {
  await edge.close();
  await shop.close();
});

for (const status of [200, 204, 301, 401, 403, 404, 500, 503]) {
  test(`a ${status} of the origin says who may read it, in place of what the origin says`, async () => {
    const response = await ask(`/${status}`, "https://a.example.net");
    assert.equal(response.status, status);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "https://a.example.net");
    assert.equal(response.headers.get("Access-Control-Allow-Methods"), "GET, PUT, POST, DELETE, PATCH, OPTIONS");
    assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  });
}

test("what the origin says of CORS reaches origins that are not allowed, as it stands", async () => {
  const response = await ask("/200", "https://else.example.net");
  assert.equal(response.headers.get("Access-Control-Allow-Methods"), "TRACE");
  assert.equal(response.headers.get("Vary"), "Accept-Encoding, Origin");
});

test("requests at the same time get their own origin each", async () => {
  const origins = Array.from({ length: 40 }, (_, index) => `https://${index % 2 ? "a" : "b"}.example.net`);
  const answers = await Promise.all(origins.map((own) => ask("/200", own)));
  const told = answers.map(({ headers }) => headers.get("Access-Control-Allow-Origin"));
  assert.deepEqual(told, origins);
});

function ask(path: string, origin: string): Promise<Response> {
  return fetch(new URL(path, edge.stack.http), { headers: { Origin: origin }, redirect: "manual" });
}
