import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { type ListeningEdge, sendRaw } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const HOST = "Host: open.example.com";
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: guarded.example.com\r\n\r\n";

let edge: WorkerHarness;
let worker: ListeningEdge; // without the local listeners, which reject most of these requests themselves
let shop: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  worker = { stack: { http: edge.stack.worker, https: edge.stack.worker } };
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  const guard = { "auth-type": "basic", "auth-secret": "staff" };
  await edge.publish([
    ...buildManifests({ open: {}, guarded: { annotations: guard } }, { shop: ["203.0.113.10"] }),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: "ann:{PLAIN}s3cret\n" } },
  ]);
});

after(async () => {
  await edge.close();
  await shop.close();
});

beforeEach(() => {
  shop.requests.length = 0;
});

/** Sends a request without its final header, and returns the statuses of all responses. */
async function sendLines(lines: readonly string[], body = ""): Promise<number[]> {
  const text = await sendRaw(worker, [...lines, "Connection: close", "", body].join("\r\n"));
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}

describe("A request that two servers could read differently", { timeout: 60_000 }, () => {
  for (const [title, status, lines, body] of [
    ["two hosts, the guarded one last", 404, ["GET / HTTP/1.1", HOST, "Host: guarded.example.com"]],
    ["two hosts, the guarded one first", 404, ["GET / HTTP/1.1", "Host: guarded.example.com", HOST]],
    [
      "a URL of an open host and a guarded Host",
      401,
      ["GET http://open.example.com/ HTTP/1.1", "Host: guarded.example.com"],
    ],
    ["a space before a colon", 400, ["GET / HTTP/1.1", HOST, "X-User : root"]],
    ["a space before the colon of Host", 400, ["GET / HTTP/1.1", "Host : open.example.com"]],
    [
      "a space before the colon of Transfer-Encoding",
      400,
      ["POST / HTTP/1.1", HOST, "Transfer-Encoding : chunked", "Content-Length: 5"],
      `0\r\n\r\n${SMUGGLED}`,
    ],
    ["a folded header", 400, ["GET / HTTP/1.1", HOST, "X-A: b", " X-User: root"]],
    [
      "a folded Transfer-Encoding",
      400,
      ["POST / HTTP/1.1", HOST, "Transfer-Encoding:", " chunked"],
      `0\r\n\r\n${SMUGGLED}`,
    ],
    [
      "an unknown Transfer-Encoding",
      400,
      ["POST / HTTP/1.1", HOST, "Transfer-Encoding: xchunked"],
      `0\r\n\r\n${SMUGGLED}`,
    ],
    ["two lengths", 400, ["POST / HTTP/1.1", HOST, "Content-Length: 0", "Content-Length: 55"], SMUGGLED],
    ["a header without a name", 400, ["GET / HTTP/1.1", HOST, ": root"]],
    ["a NUL in a header", 400, ["GET / HTTP/1.1", HOST, "X-User: root\0"]],
    ["CONNECT", 500, ["CONNECT guarded.example.com:80 HTTP/1.1", "Host: guarded.example.com:80"]],
  ] as const) {
    test(`A request with ${title} is ${status} and reaches no origin`, async () => {
      assert.deepEqual(await sendLines(lines, body), [status]);
      assert.deepEqual(shop.requests, []);
    });
  }

  test("A request with a length and a chunked body cannot smuggle another request to an origin", async () => {
    const lines = ["POST / HTTP/1.1", HOST, "Content-Length: 4", "Transfer-Encoding: chunked"];
    assert.deepEqual(await sendLines(lines, `0\r\n\r\n${SMUGGLED}`), [200]);
    assert.deepEqual(
      shop.requests.map(({ method, path, body, headers }) => [
        method,
        path,
        body.toString(),
        headers["content-length"],
      ]),
      [["POST", "/", "", undefined]],
    );
  });
});
