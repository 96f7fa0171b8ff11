import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type FetchWorker, startFetchWorker } from "../support/worker/fetch-worker.ts";
import { sendRaw } from "../support/worker/http-requests.ts";

let worker: FetchWorker;

before(async () => {
  worker = await startFetchWorker();
});

after(() => worker.close());

const HOST = "Host: shop.example.com\r\n";
const CLOSE = "Connection: close\r\n\r\n";

const REJECTED_REQUESTS: readonly (readonly [name: string, bytes: string])[] = [
  ["two Host lines", `GET / HTTP/1.1\r\n${HOST}${HOST}${CLOSE}`],
  ["a URL as target and two Host lines", `GET http://shop.example.com/ HTTP/1.1\r\n${HOST}${HOST}${CLOSE}`],
  ["a Host with a path", `GET / HTTP/1.1\r\nHost: shop.example.com/x\r\n${CLOSE}`],
  ["a Host with a space", `GET / HTTP/1.1\r\nHost: shop example.com\r\n${CLOSE}`],
  ["a Host with a tab", `GET / HTTP/1.1\r\nHost: shop\texample.com\r\n${CLOSE}`],
  ["two hosts in one Host line", `GET / HTTP/1.1\r\nHost: shop.example.com, b.example.com\r\n${CLOSE}`],
  ["a user in the Host", `GET / HTTP/1.1\r\nHost: ann@shop.example.com\r\n${CLOSE}`],
  ["a port that is no number", `GET / HTTP/1.1\r\nHost: shop.example.com:http\r\n${CLOSE}`],
  ["a Host of bytes beyond ASCII", `GET / HTTP/1.1\r\nHost: caf\xc3\xa9.example.com\r\n${CLOSE}`],
  ["a WebSocket handshake with a space in Host", `GET / HTTP/1.1\r\nHost: a b\r\nUpgrade: websocket\r\n${CLOSE}`],
  ["a user in the URL of the target", `GET http://ann:pw@shop.example.com/ HTTP/1.1\r\n${HOST}${CLOSE}`],
  ["a URL as target and a bad Host", `GET http://shop.example.com/ HTTP/1.1\r\nHost: a b\r\n${CLOSE}`],
  ["a URL as target with a bad port", `GET http://shop.example.com:1x/ HTTP/1.1\r\n${HOST}${CLOSE}`],
  ["no Host in HTTP/1.1", `GET / HTTP/1.1\r\n${CLOSE}`],
  ["CONNECT", `CONNECT shop.example.com:443 HTTP/1.1\r\n${HOST}${CLOSE}`],
  [
    "Content-Length and Transfer-Encoding",
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n${CLOSE}0\r\n\r\n`,
  ],
  ["two Content-Lengths", `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n${CLOSE}abc`],
  [
    "a transfer coding besides chunked",
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n${CLOSE}0\r\n\r\n`,
  ],
  ["a space before the colon", `GET / HTTP/1.1\r\n${HOST}X-A : b\r\n${CLOSE}`],
  ["a folded header", `GET / HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n${CLOSE}`],
  ["a control character in a header", `GET / HTTP/1.1\r\n${HOST}X-A: b\x01\r\n${CLOSE}`],
  ["a control character in the path", `GET /\x01 HTTP/1.1\r\n${HOST}${CLOSE}`],
  ["headers of more than 128 KiB", `GET / HTTP/1.1\r\n${HOST}X-A: ${"a".repeat(140_000)}\r\n${CLOSE}`],
  ["a broken chunk", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n${CLOSE}zz\r\n\r\n`],
  ["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
];

for (const [name, bytes] of REJECTED_REQUESTS) {
  test(`A request with ${name} is a 400 on the connection, and the next request is answered`, async () => {
    assert.match(await sendRaw(worker, bytes), /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal((await worker.send({})).status, 200);
  });
}

const keptRequest = (path: string, rest = "\r\n") => `GET ${path} HTTP/1.1\r\n${HOST}${rest}`;

test("A path of bytes beyond ASCII reaches the Worker in every request of a connection", async () => {
  const requests = [
    keptRequest("/first\xc3\xa9"),
    keptRequest("/body\xc3\xa9", "Content-Length: 9\r\n\r\nGET /\xc3\xa9 x"),
    keptRequest("/chunks\xff", "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nG\xc3\xa9\r\n0\r\nX-T: \xe9\r\n\r\n"),
    `\r\n${keptRequest("/last\xc3\xa9", CLOSE)}`,
  ].join("");
  const urls = (responses: string) =>
    [...responses.matchAll(/"url":"http:\/\/shop\.example\.com([^"]*)"/g)].map(([, path]) => path);
  const expected = ["/first%C3%A9", "/body%C3%A9", "/chunks%FF", "/last%C3%A9"];
  assert.deepEqual(urls(await sendRaw(worker, requests)), expected);
});
