import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { startWireOrigin, type WireOrigin } from "../support/worker/wire-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";
import { readWorkerdPeaks } from "../support/worker/workerd-memory.ts";

const SHOP_URL = "http://shop.example.com/";

let edge: WorkerHarness;
let wire: WireOrigin;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", (request, response) => respond(request, response));
  wire = await startWireOrigin(edge, "203.0.113.30:80", "wire.example.com");
  await edge.publish(
    buildManifests({ shop: {}, wire: { service: "wire" } }, { shop: ["203.0.113.10"], wire: ["203.0.113.30"] }),
  );
});

after(async () => {
  await edge.close();
  await wire.close();
});

test("The client receives the origin's errors and redirects unchanged: status, reason, body and headers", async () => {
  const redirect = await wire.fetchResponse(
    "HTTP/1.1 302 Found\r\nLocation: http://internal.example.org/x?y#z\r\nContent-Length: 4\r\n\r\nmove",
  );
  assert.equal(redirect.head[0], "HTTP/1.1 302 Found");
  assert.ok(redirect.head.some((header) => header.toLowerCase() === "location: http://internal.example.org/x?y#z"));
  assert.equal(redirect.body, "move");
  const failure = await wire.fetchResponse("HTTP/1.1 500 Oh Dear\r\nContent-Length: 8\r\nX-Trace: 1\r\n\r\nmy error");
  assert.equal(failure.head[0], "HTTP/1.1 500 Oh Dear");
  assert.ok(failure.head.some((header) => header.toLowerCase() === "x-trace: 1"));
  assert.equal(failure.body, "my error");
});

test("The client receives a compressed body byte for byte, with its length, encoding and entity tag", async () => {
  const page = "<p>hello</p>".repeat(500);
  for (const [encoding, compressed] of [
    ["gzip", gzipSync(page)],
    ["br", brotliCompressSync(page)],
  ] as const) {
    respond = (_, response) =>
      response
        .writeHead(200, { "Content-Encoding": encoding, "Content-Length": compressed.length, ETag: '"v1"' })
        .end(compressed);
    const { headers, bytes } = await sendRequest(edge, SHOP_URL, { headers: { "Accept-Encoding": "gzip, br" } });
    assert.equal(headers["content-encoding"], encoding);
    assert.equal(headers["content-length"], String(compressed.length));
    assert.equal(headers.etag, '"v1"');
    assert.ok(bytes.equals(compressed));
  }
});

test("The client receives an uncompressed body uncompressed, with its length", async () => {
  respond = (_, response) => response.writeHead(200, { "Content-Length": 5, "Content-Type": "text/html" }).end("plain");
  const { headers, body } = await sendRequest(edge, SHOP_URL, { headers: { "Accept-Encoding": "gzip" } });
  assert.deepEqual([headers["content-encoding"], headers["content-length"]], [undefined, "5"]);
  assert.equal(body, "plain");
});

test("The response to HEAD has the headers of GET and no body", async () => {
  respond = (request, response) => response.writeHead(200, { "Content-Length": 5, "X-Method": request.method }).end();
  const { status, headers, bytes } = await sendRequest(edge, SHOP_URL, { method: "HEAD" });
  assert.deepEqual([status, headers["content-length"], headers["x-method"]], [200, "5", "HEAD"]);
  assert.equal(bytes.length, 0);
});

test("A 204 and a 304 have no body and keep their headers", async () => {
  for (const status of [204, 304]) {
    respond = (_, response) => response.writeHead(status, { ETag: '"v2"' }).end();
    const response = await sendRequest(edge, SHOP_URL);
    assert.deepEqual([response.status, response.headers.etag, response.bytes.length], [status, '"v2"', 0]);
  }
});

test("The edge drops early hints and forwards the final response", async () => {
  const { head, body } = await wire.fetchResponse(
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal",
  );
  assert.equal(head[0], "HTTP/1.1 200 OK");
  assert.equal(body, "final");
});

test("The first byte of the response arrives before the request's body ends", async () => {
  respond = (request, response) => request.pipe(response);
  let finish = () => {};
  const options = { method: "POST", headers: { "Transfer-Encoding": "chunked" } };
  const response = await startRequest(edge, SHOP_URL, options, (request) => {
    request.write("one ");
    finish = () => request.end("two");
  });
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "one ");
  finish();
  assert.equal(await text(response), "two");
});

test("Each event of an event stream arrives at once", async () => {
  let origin: ServerResponse | undefined;
  respond = (_, response) => {
    origin = response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: 1\n\n");
  };
  const response = await startRequest(edge, SHOP_URL);
  assert.equal(String((await once(response, "data"))[0]), "data: 1\n\n");
  origin?.write("data: 2\n\n");
  assert.equal(String((await once(response, "data"))[0]), "data: 2\n\n");
  origin?.end();
  assert.equal(await text(response), "");
});

test("100 MB up and 100 MB down pass unchanged, and workerd stays under 256 MB", async () => {
  const block = randomBytes(1_000_000);
  const expectedHash = createHash("sha256");
  for (let count = 0; count < 100; count++) expectedHash.update(block);
  const digest = expectedHash.digest("hex");
  respond = async (request, response) => {
    const hash = createHash("sha256");
    for await (const chunk of request) hash.update(chunk);
    response.writeHead(200, { "X-Uploaded": hash.digest("hex"), "Content-Length": 100_000_000 });
    for (let count = 0; count < 100; count++) if (!response.write(block)) await once(response, "drain");
    response.end();
  };
  const options = { method: "PUT", headers: { "Content-Length": "100000000" } };
  const response = await startRequest(edge, SHOP_URL, options, async (request) => {
    for (let count = 0; count < 100; count++) if (!request.write(block)) await once(request, "drain");
    request.end();
  });
  const downloadHash = createHash("sha256");
  for await (const chunk of response) downloadHash.update(chunk as Buffer);
  assert.equal(response.headers["x-uploaded"], digest);
  assert.equal(downloadHash.digest("hex"), digest);
  for (const megabytes of await readWorkerdPeaks()) assert.ok(megabytes < 256, `workerd took ${megabytes} MB`);
});
