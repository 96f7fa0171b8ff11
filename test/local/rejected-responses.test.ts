import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { type FetchWorker, FORWARDED_HEADERS, startFetchWorker } from "../support/worker/fetch-worker.ts";
import { sendRaw } from "../support/worker/http-requests.ts";

let worker: FetchWorker;
let origin: ListeningServer;
/** What the origin writes before it closes the connection, one character a byte. */
let originResponse = "";

before(async () => {
  worker = await startFetchWorker();
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.end(Buffer.from(originResponse, "latin1")));
  });
  origin = await listen(server, 0);
  worker.stack.forward("203.0.113.30:80", `127.0.0.1:${origin.port}`);
});

after(async () => {
  await worker.close();
  await origin.close();
});

const REJECTED_RESPONSES: readonly (readonly [name: string, response: string])[] = [
  ["the status 000", "HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n"],
  ["no response", ""],
  ["half a status line", "HTTP/1.1 20"],
  ["half a header", "HTTP/1.1 200 OK\r\nContent-Le"],
  ["bytes that are not HTTP", "\x16\x03\x01\x02\x00\x01garbage"],
  ["a control byte in a header", "HTTP/1.1 200 OK\r\nX-A: b\x01\r\nContent-Length: 0\r\n\r\n"],
  ["a space before the colon", "HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 0\r\n\r\n"],
  ["a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["an upgrade that nobody requested", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
  ["a 101 without Upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["interim responses without a final one", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(10_000)],
  ["headers of more than 256 KiB", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(300_000)}\r\nContent-Length: 0\r\n\r\n`],
];

const HANDSHAKE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];

/** Sends a request to the origin, and returns the status of the response. */
async function fetchStatus(connectionHeaders: readonly string[]): Promise<number> {
  const forwarded = { ...FORWARDED_HEADERS, "X-Override": "far.example.com" };
  const headers = Object.entries(forwarded).map(([name, value]) => `${name}: ${value}`);
  const lines = ["GET / HTTP/1.1", "Host: shop.example.com", ...headers, ...connectionHeaders];
  const response = await sendRaw(worker, `${lines.join("\r\n")}\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);
}

for (const [name, response] of REJECTED_RESPONSES) {
  test(`An origin that sends ${name} is a 520, and the next request is answered`, async () => {
    originResponse = response;
    assert.equal(await fetchStatus(["Connection: close"]), 520);
    assert.equal((await worker.send({})).status, 200);
  });

  test(`An origin that sends ${name} to a WebSocket handshake is an error of the edge`, async () => {
    originResponse = response;
    const status = await fetchStatus(HANDSHAKE);
    assert.ok(status >= 500, `status ${status}`);
    assert.equal((await worker.send({})).status, 200);
  });
}

test("Control bytes in an origin's reason phrase are removed", async () => {
  originResponse = "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n";
  assert.equal(await fetchStatus(["Connection: close"]), 200);
  assert.equal(await fetchStatus(HANDSHAKE), 200);
});
