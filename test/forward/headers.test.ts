import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { findHeaderValues, sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWireOrigin, type WireOrigin } from "../support/worker/wire-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let wire: WireOrigin;
let secure: OriginServer;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", (request, response) => respond(request, response));
  await edge.startOrigin("203.0.113.10:8080", (request, response) => respond(request, response));
  secure = await startOriginServer("203.0.113.10:443", edge.stack, true);
  wire = await startWireOrigin(edge, "203.0.113.30:80", "wire.example.com");
  const https = withNginxPrefix({ "backend-protocol": "HTTPS" });
  await edge.publish([
    buildIngressManifest("shop", "shop.example.com", { "/": "web", "/port": "web-8080:8080" }),
    buildIngressManifest("wire", "wire.example.com", { "/": "wire" }),
    buildIngressManifest("any", undefined, { "/": "web" }),
    buildIngressManifest("secure", "secure.example.com", { "/": "secure:443" }, https),
    buildServiceManifest("web", ["203.0.113.10"]),
    buildServiceManifest("web-8080", ["203.0.113.10"], 8080),
    buildServiceManifest("secure", ["203.0.113.10"], 443),
    buildServiceManifest("wire", ["203.0.113.30"]),
  ]);
});

after(async () => {
  await edge.close();
  await secure.close();
  await wire.close();
});

test("The origin receives the client's Host, with the port that the Service has", async () => {
  respond = (request, response) => response.end(`${request.headers.host} ${request.headers["x-forwarded-host"]}`);
  const fetchHosts = async (url: string) => (await sendRequest(edge, url)).body;
  assert.equal(await fetchHosts("http://shop.example.com/"), "shop.example.com shop.example.com");
  assert.equal(await fetchHosts("http://shop.example.com/port"), "shop.example.com:8080 shop.example.com");
  assert.equal(await fetchHosts("http://shop.example.com:9999/"), "shop.example.com shop.example.com:9999");
});

test("The origin receives the record's name as Host if the client's host is in no zone", async () => {
  respond = (request, response) => response.end(`${request.headers.host} ${request.headers["x-forwarded-host"]}`);
  const { body } = await sendRequest(edge, "http://192.0.2.7/");
  assert.match(body, /^edgress-[0-9a-f]{24}\.example\.com 192\.0\.2\.7$/);
});

test("The origin receives no description of the request from the client", async () => {
  respond = (request, response) => response.end(JSON.stringify(request.headers));
  const forged = ["X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Method"];
  const names = [...forged, "X-Forwarded-Server", "Forwarded"];
  const headers = Object.fromEntries(names.map((name) => [name, "/admin"]));
  const { body } = await sendRequest(edge, "http://shop.example.com/", { headers });
  const received = JSON.parse(body) as Record<string, string>;
  assert.deepEqual(
    names.filter((name) => received[name.toLowerCase()] !== undefined),
    [],
  );
});

test("An origin with backend-protocol HTTPS receives https with the client's host", async () => {
  secure.respond = (response) => void response.end("secure");
  const { status, body } = await sendRequest(edge, "http://secure.example.com/");
  assert.deepEqual([status, body], [200, "secure"]);
  assert.equal(secure.requests[0]?.headers.host, "secure.example.com");
});

test("The origin receives the client's address, host, port, scheme and request id", async () => {
  const { line, headers } = await wire.captureRequest(
    "GET /a HTTP/1.1\r\nHost: wire.example.com\r\nCF-Connecting-IP: 198.51.100.7\r\nX-Request-ID: abc-1\r\nConnection: close\r\n\r\n",
  );
  assert.equal(line, "GET /a HTTP/1.1");
  const clientHeaders = headers.filter((header) => /^(host|x-(?!forwarded-proto)|x-forwarded-proto)/i.test(header));
  assert.deepEqual(clientHeaders.map((header) => header.toLowerCase()).sort(), [
    "host: wire.example.com",
    "x-forwarded-for: 198.51.100.7",
    "x-forwarded-host: wire.example.com",
    "x-forwarded-port: 80",
    "x-forwarded-proto: http",
    "x-forwarded-scheme: http",
    "x-real-ip: 198.51.100.7",
    "x-request-id: abc-1",
    "x-scheme: http",
  ]);
});

test("The edge replaces a client's claims about itself, and forwards two of them as X-Original headers", async () => {
  const { headers } = await wire.captureRequest(
    [
      "GET / HTTP/1.1",
      "Host: wire.example.com",
      "Connection: close",
      "CF-Connecting-IP: 198.51.100.7",
      "X-Forwarded-For: 10.0.0.1, 10.0.0.2",
      "X-Forwarded-Host: evil.example.org",
      "X-Forwarded-Port: 8443",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Scheme: https",
      "X-Scheme: https",
      "X-Real-IP: 10.0.0.3",
      "X-Original-Forwarded-For: 10.0.0.4",
      "X-Original-Forwarded-Host: worse.example.org",
      "X-Forwarded-Prefix: /evil",
      "Proxy: http://evil.example.org",
      "ssl-client-verify: SUCCESS",
      "ssl-client-subject-dn: CN=root",
      "X_Underscore: dropped",
      "X-Kept: kept",
      "X-Request-ID: two words",
      "",
      "",
    ].join("\r\n"),
  );
  const lowerCase = headers.map((header) => header.toLowerCase());
  const claims = lowerCase.filter((header) => /^(x[-_]|proxy|ssl-)/.test(header));
  const id = claims.find((header) => header.startsWith("x-request-id:"));
  assert.match(id ?? "", /^x-request-id: [0-9a-f]{32}$/);
  assert.deepEqual(claims.filter((header) => header !== id).sort(), [
    "x-forwarded-for: 198.51.100.7",
    "x-forwarded-host: wire.example.com",
    "x-forwarded-port: 80",
    "x-forwarded-proto: http",
    "x-forwarded-scheme: http",
    "x-kept: kept",
    "x-original-forwarded-for: 10.0.0.1, 10.0.0.2",
    "x-original-forwarded-host: evil.example.org",
    "x-real-ip: 198.51.100.7",
    "x-scheme: http",
  ]);
});

test("The edge drops the headers of the client's connection, those that Connection names included", async () => {
  const { headers } = await wire.captureRequest(
    [
      "POST / HTTP/1.1",
      "Host: wire.example.com",
      "Connection: close, X-Hop",
      "Keep-Alive: timeout=5",
      "Proxy-Connection: keep-alive",
      "Proxy-Authorization: Basic c2VjcmV0",
      "TE: trailers",
      "Trailer: X-Checksum",
      "X-Hop: dropped",
      "Authorization: Bearer kept",
      "Cookie: a=1; b=2",
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n"),
  );
  const names = headers.map((header) => header.split(":")[0]?.toLowerCase());
  for (const name of ["keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "x-hop", "upgrade"]) {
    assert.ok(!names.includes(name), name);
  }
  assert.ok(headers.some((header) => header.toLowerCase() === "authorization: bearer kept"));
  assert.ok(headers.some((header) => header.toLowerCase() === "cookie: a=1; b=2"));
});

test("The edge drops the headers of the origin's connection, those that Connection names included", async () => {
  const { head } = await wire.fetchResponse(
    "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Hop: 1\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n",
  );
  const names = head.slice(1).map((header) => header.split(":")[0]?.toLowerCase());
  assert.deepEqual(
    ["keep-alive", "proxy-authenticate", "x-hop", "x-kept"].filter((name) => names.includes(name)),
    ["x-kept"],
  );
});

test("The client receives each Set-Cookie of the origin, in order", async () => {
  respond = (_, response) => response.writeHead(200, ["Set-Cookie", "a=1, x", "Set-Cookie", "b=2; Path=/"]).end();
  const { rawHeaders } = await sendRequest(edge, "http://shop.example.com/");
  assert.deepEqual(findHeaderValues(rawHeaders, "set-cookie"), ["a=1, x", "b=2; Path=/"]);
});
