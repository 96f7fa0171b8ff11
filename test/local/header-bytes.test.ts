import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { type FetchWorker, FORWARDED_HEADERS, startFetchWorker } from "../support/worker/fetch-worker.ts";
import { sendRaw } from "../support/worker/http-requests.ts";

let worker: FetchWorker;
let origin: ListeningServer;
/** What the origin writes, one character a byte. */
let originResponse = "";
let originRequest = "";

before(async () => {
  worker = await startFetchWorker();
  const server = createServer((socket) => {
    socket.setEncoding("latin1").on("error", () => undefined);
    socket.once("data", (head: string) => {
      originRequest = head;
      socket.end(Buffer.from(originResponse, "latin1"));
    });
  });
  origin = await listen(server, 0);
  worker.stack.forward("203.0.113.10:80", `127.0.0.1:${origin.port}`);
});

after(async () => {
  await worker.close();
  await origin.close();
});

/** Sends a request to the origin, and returns the bytes of the response. */
function fetchOrigin(method = "GET", headers = ""): Promise<string> {
  const forwarded = Object.entries(FORWARDED_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  const lines = `Host: shop.example.com\r\n${forwarded.join("")}${headers}`;
  return sendRaw(
    worker,
    `${method} / HTTP/1.1\r\n${lines}${headers.includes("Upgrade") ? "" : "Connection: close\r\n"}\r\n`,
  );
}

const NAME = "X-Name: caf\xc3\xa9";
const FILE = 'Content-Disposition: attachment; filename="r\xc3\xa9sum\xc3\xa9.pdf"';
const LATIN1 = "X-Old: caf\xe9";

const RESPONSES: readonly (readonly [name: string, method: string, response: string])[] = [
  ["a length", "GET", `HTTP/1.1 200 OK\r\n${NAME}\r\n${FILE}\r\n${LATIN1}\r\nContent-Length: 2\r\n\r\nok`],
  [
    "chunks",
    "GET",
    `HTTP/1.1 200 OK\r\n${NAME}\r\n${FILE}\r\n${LATIN1}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ],
  ["an end of the connection", "GET", `HTTP/1.1 200 OK\r\n${NAME}\r\n${FILE}\r\n${LATIN1}\r\n\r\nok`],
  ["no body", "GET", `HTTP/1.1 204 No Content\r\n${NAME}\r\n${FILE}\r\n${LATIN1}\r\n\r\n`],
  ["a HEAD request", "HEAD", `HTTP/1.1 200 OK\r\n${NAME}\r\n${FILE}\r\n${LATIN1}\r\nContent-Length: 2\r\n\r\n`],
];

for (const [name, method, response] of RESPONSES) {
  test(`Header values of an origin pass as bytes in a response with ${name}`, async () => {
    originResponse = response;
    const received = await fetchOrigin(method);
    const lines = received.slice(0, received.indexOf("\r\n\r\n")).split("\r\n");
    assert.deepEqual(
      [NAME, FILE, LATIN1].filter((line) => !lines.includes(line)),
      [],
    );
  });
}

test("Header values of an origin pass as bytes in its refusal of a WebSocket", async () => {
  originResponse = `HTTP/1.1 401 Unauthorized\r\n${NAME}\r\n${FILE}\r\nContent-Length: 2\r\n\r\nno`;
  const handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const lines = (await fetchOrigin("GET", handshake)).split("\r\n");
  assert.deepEqual(
    [NAME, FILE].filter((line) => !lines.includes(line)),
    [],
  );
});

test("Header values of a client pass to the origin as bytes", async () => {
  originResponse = "HTTP/1.1 204 No Content\r\n\r\n";
  await fetchOrigin("GET", `${NAME}\r\n${LATIN1}\r\n`);
  assert.deepEqual(
    originRequest.split("\r\n").filter((line) => /^X-(Name|Old)/.test(line)),
    [NAME, LATIN1],
  );
});

test("Cookie lines of a client are joined by a semicolon, in their order", async () => {
  originResponse = "HTTP/1.1 204 No Content\r\n\r\n";
  await fetchOrigin("GET", "Cookie: a=1\r\nX-A: b\r\ncookie: beta=always\r\n");
  assert.deepEqual(
    originRequest.split("\r\n").filter((line) => /^cookie/i.test(line)),
    ["Cookie: a=1; beta=always"],
  );
});
