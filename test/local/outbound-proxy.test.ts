import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { startOutboundProxy } from "../../sync/local/network/outbound-proxy.ts";
import { resolveOrigin } from "../../sync/local/network/resolve-override.ts";
import {
  type FetchWorker,
  FORWARDED_HEADERS,
  listenDuringTest,
  SHOP_ORIGIN,
  startFetchWorker,
} from "../support/worker/fetch-worker.ts";
import { findHeaderValues } from "../support/worker/http-requests.ts";
import { startBrokenOrigin } from "../support/worker/origins.ts";

let worker: FetchWorker;

before(async () => {
  worker = await startFetchWorker();
});

after(() => worker.close());

test("The outbound proxy rejects an IP address, even with an override", async () => {
  assert.equal(await worker.fetch("http://203.0.113.10/"), "403 error code: 1003");
  assert.equal(await worker.fetch("http://[2001:db8::1]/", "edgress-1.example.com"), "403 error code: 1003");
});

test("An override reaches the address of a proxied record in the same zone", async () => {
  assert.equal(await worker.fetch(SHOP_ORIGIN, "EDGRESS-1.example.com"), "200 reached");
});

test("The outbound proxy ignores an override without a record, and so does not find the name", async () => {
  assert.equal(await worker.fetch(SHOP_ORIGIN, "edgress-2.example.com"), "530 error code: 1016");
  assert.equal(await worker.fetch(SHOP_ORIGIN), "530 error code: 1016");
});

test("The outbound proxy ignores an override that is not proxied", async () => {
  assert.equal(await worker.fetch(SHOP_ORIGIN, "grey.example.com"), "530 error code: 1016");
});

test("The outbound proxy ignores an override in another zone, and uses the record of the name", async () => {
  assert.equal(await worker.fetch(SHOP_ORIGIN, "edgress-1.example.net"), "530 error code: 1016");
  assert.equal(await worker.fetch("http://edgress-1.example.com/", "www.example.net"), "200 reached");
  assert.equal(await worker.fetch("http://a.deep.example.com/", "edgress-1.example.com"), "530 error code: 1016");
});

test("The outbound proxy rejects a port that Cloudflare does not proxy", async () => {
  const override = "edgress-1.example.com";
  assert.equal(await worker.fetch("http://shop.example.com:8080/", override), "200 reached");
  assert.equal(await worker.fetch("http://shop.example.com:3000/", override), "521 error code: 521");
  assert.equal(await worker.fetch("https://shop.example.com:80/", override), "521 error code: 521");
});

test("An origin that refuses the connection is a 521, and an unreachable origin a 522", async () => {
  await startBrokenOrigin("203.0.113.20:80", worker.stack, "refuse");
  assert.equal(await worker.fetch(SHOP_ORIGIN, "closed.example.com"), "521 error code: 521");
  assert.equal(await worker.fetch(SHOP_ORIGIN, "far.example.com"), "522 error code: 522");
});

test("An origin that closes the connection is a 520, and an origin without TLS a 525", async (context) => {
  const mute = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
  const { port } = await listenDuringTest(context, mute);
  worker.stack.forward("203.0.113.40:80", `127.0.0.1:${port}`);
  worker.stack.forward("203.0.113.40:443", `127.0.0.1:${port}`);
  assert.equal(await worker.fetch(SHOP_ORIGIN, "mute.example.com"), "520 error code: 520");
  assert.equal(await worker.fetch("https://shop.example.com/", "mute.example.com"), "525 error code: 525");
});

test("An origin that does not respond in the TLS handshake is a 525 after the connect timeout", async (context) => {
  const silent = createTcpServer((socket) => socket.on("error", () => undefined).resume());
  const { port } = await listenDuringTest(context, silent);
  const dnsZones = { zones: ["."], records: () => [{ type: "A", name: "a", content: "203.0.113.1", proxied: true }] };
  const outboundProxy = await startOutboundProxy({ dnsZones, loopbackOnly: true, connectTimeoutMs: 50 });
  context.after(outboundProxy.close);
  outboundProxy.forward("203.0.113.1:443", `127.0.0.1:${port}`);
  const outgoing = request({ host: "127.0.0.1", port: outboundProxy.port, path: "https://a/" }).end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  assert.equal(`${response.statusCode} ${await text(response)}`, "525 error code: 525");
});

test("The outbound proxy does not verify an origin's certificate, and requests it for the URL's host", async (context) => {
  const server = createTlsServer(await generateCertificate("other.example.org"), (request, response) =>
    response.end(`${(request.socket as unknown as { servername: string }).servername} ${request.headers.host}`),
  );
  const { port } = await listenDuringTest(context, server);
  worker.stack.forward("203.0.113.50:8443", `127.0.0.1:${port}`);
  const response = await worker.fetch("https://shop.example.com:8443/", "secure.example.com");
  assert.equal(response, "200 shop.example.com shop.example.com:8443");
});

test("The origin receives the URL's Host and the path unchanged, and the client each Set-Cookie", async () => {
  worker.respond = (request, response) => {
    response.writeHead(404, "Nothing Here", ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "Connection", "keep-alive"]);
    response.end(`${request.headers.host} ${request.url}`);
  };
  const url = "http://shop.example.com/a//b%2Fc/%7Ed;e?x=%20&y";
  const { status, rawHeaders, body } = await worker.send({ headers: { ...FORWARDED_HEADERS, "X-Fetch": url } });
  assert.equal(status, 404);
  assert.equal(body, "shop.example.com /a//b%2Fc/%7Ed;e?x=%20&y");
  assert.deepEqual(findHeaderValues(rawHeaders, "set-cookie"), ["a=1", "b=2"]);
  const urlWithPort = "http://shop.example.com:8080/";
  assert.equal(await worker.fetch(urlWithPort, "edgress-1.example.com"), "404 shop.example.com:8080 /");
});

test("HEAD, 204 and 304 have no body, and the outbound proxy drops a 103 of the origin", async () => {
  const headers = FORWARDED_HEADERS;
  worker.respond = (_, response) => response.writeHead(200, { "Content-Length": 5 }).end();
  const head = await worker.send({ method: "HEAD", headers });
  assert.deepEqual([head.status, head.body], [200, ""]);
  for (const status of [204, 304]) {
    worker.respond = (_, response) => response.writeHead(status, { ETag: '"1"' }).end();
    const empty = await worker.send({ headers });
    assert.deepEqual([empty.status, empty.body], [status, ""]);
  }
  worker.respond = (_, response) =>
    response.writeEarlyHints({ link: "</a>; rel=preload" }, () => response.end("final"));
  assert.equal(await worker.fetch(SHOP_ORIGIN, "edgress-1.example.com"), "200 final");
});

test("The origin receives a POST without a body without one", async () => {
  worker.respond = (request, response) => response.end(JSON.stringify(request.headers["transfer-encoding"] ?? "none"));
  const headers = { ...FORWARDED_HEADERS, "Content-Length": "0" };
  assert.equal((await worker.send({ method: "POST", headers })).body, '"none"');
});

test("The root zone finds the record of every domain by its bare label", () => {
  const proxied = { type: "A", name: "edgress-1", content: "203.0.113.10", proxied: true };
  const names = { zones: [".", "example.com"], records: (zone: string) => (zone === "." ? [proxied] : []) };
  const origin = { address: "203.0.113.10", port: 443 };
  assert.deepEqual(resolveOrigin(new URL("https://a.b.example.org/"), "edgress-1", names), origin);
  assert.deepEqual(resolveOrigin(new URL("https://myexample.com/"), "edgress-1", names), origin);
  assert.deepEqual(resolveOrigin(new URL("https://a.example.com/"), "edgress-1", names), { status: 530, error: 1016 });
});
