import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { startBrokenOrigin } from "../support/worker/origins.ts";
import { startWireOrigin, type WireOrigin } from "../support/worker/wire-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ID_HEADERS = { "X-Request-ID": "failing-1" };

let edge: WorkerHarness;
let wire: WireOrigin;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", (request, response) => respond(request, response));
  wire = await startWireOrigin(edge, "203.0.113.30:80", "wire.example.com");
  await startBrokenOrigin("203.0.113.40:80", edge.stack, "refuse");
  await edge.publish(
    buildManifests(
      {
        shop: {},
        wire: { service: "wire" },
        refusing: { service: "refusing" },
        far: { service: "far" },
        chat: { service: "chat" },
      },
      {
        shop: ["203.0.113.10"],
        wire: ["203.0.113.30"],
        refusing: ["203.0.113.40"],
        far: ["203.0.113.50"],
        chat: ["203.0.113.60"],
      },
    ),
  );
});

after(async () => {
  await edge.close();
  await wire.close();
});

test("WebSocket messages of both kinds pass in both directions, under the subprotocol that the origin chose", async (context) => {
  const requests: IncomingMessage[] = [];
  const server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => "chat.v2" });
  sockets.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  const { port, close } = await listen(server, 0);
  context.after(close);
  edge.stack.forward("203.0.113.60:80", `127.0.0.1:${port}`);
  const url = `ws://127.0.0.1:${edge.stack.http.port}/chat?room=1`;
  const socket = new WebSocket(url, ["chat.v1", "chat.v2"], { headers: { Host: "chat.example.com" } });
  await once(socket, "open");
  assert.equal(socket.protocol, "chat.v2");
  assert.equal(requests[0]?.url, "/chat?room=1");
  assert.equal(requests[0]?.headers.host, "chat.example.com");
  assert.equal(requests[0]?.headers["x-forwarded-proto"], "http");
  socket.send("hello");
  assert.deepEqual(await waitForMessage(socket), ["hello", false]);
  socket.send(Buffer.from([0, 255]));
  assert.deepEqual(await waitForMessage(socket), ["\0\xff", true]);
  socket.close(4000, "bye");
  const [code] = (await once(socket, "close")) as [number];
  assert.equal(code, 4000);
});

async function waitForMessage(socket: WebSocket): Promise<[string, boolean]> {
  const [message, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
  return [message.toString("latin1"), isBinary];
}

test("The client receives the origin's response if the origin refuses a WebSocket", async () => {
  respond = (_, response) => response.writeHead(401).end("no");
  const socket = new WebSocket(`ws://127.0.0.1:${edge.stack.http.port}/`, { headers: { Host: "shop.example.com" } });
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  assert.equal(`${response.statusCode} ${await text(response)}`, "401 no");
});

test("An origin that refuses the connection is a 502 that names the request and nothing internal", async () => {
  const { status, headers, body } = await sendRequest(edge, "http://refusing.example.com/", { headers: ID_HEADERS });
  assert.equal(status, 502);
  assert.equal(body, "502 Bad Gateway\nrequest id: failing-1\n");
  assert.equal(headers["cache-control"], "no-store");
  assert.equal(headers["x-request-id"], "failing-1");
});

test("An origin that closes the connection without a response is a 502", async () => {
  wire.respond = (socket) => socket.destroy();
  const { status, body } = await sendRequest(edge, "http://wire.example.com/", { headers: ID_HEADERS });
  assert.equal(status, 502);
  assert.equal(body, "502 Bad Gateway\nrequest id: failing-1\n");
});

test("An origin of another protocol than HTTP is a 502", async () => {
  wire.respond = (socket) => socket.end("220 mail.example.com ESMTP\r\n\r\n");
  assert.equal((await sendRequest(edge, "http://wire.example.com/", { headers: ID_HEADERS })).status, 502);
});

test("An unreachable origin is a 504", async () => {
  edge.stack.forward("203.0.113.50:80", "");
  const { status, body } = await sendRequest(edge, "http://far.example.com/", { headers: ID_HEADERS });
  assert.equal(status, 504);
  assert.equal(body, "504 Gateway Timeout\nrequest id: failing-1\n");
});

test("An origin that fails within a body breaks the response, so that no client mistakes it for complete", async () => {
  for (const framing of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
    wire.respond = (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n4\r\nhalf\r\n`, () => socket.destroy());
    await assert.rejects(sendRequest(edge, "http://wire.example.com/"), { code: "ECONNRESET" });
  }
});

test("The origin's request ends if the client disconnects before the response", async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
  respond = (_, response) => resolve(response);
  const socket = connect(Number(edge.stack.http.port), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n");
  const origin = await arrived;
  const closed = once(origin, "close");
  socket.destroy();
  await closed;
  assert.equal(origin.writableFinished, false);
});

test("The origin's request ends if the client disconnects during the response", async () => {
  let origin: ServerResponse | undefined;
  respond = (_, response) => {
    origin = response;
    response.write("begun");
  };
  const response = await startRequest(edge, "http://shop.example.com/");
  await once(response, "data");
  response.on("error", () => undefined);
  assert.ok(origin);
  const closed = once(origin, "close");
  response.destroy();
  await closed;
});

test("The origin's request ends if the client disconnects within its own body", async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<IncomingMessage>();
  respond = (request) => resolve(request);
  const socket = connect(Number(edge.stack.http.port), "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 100\r\n\r\nhalf");
  const request = await arrived;
  request.on("error", () => undefined).resume();
  const closed = new Promise((resolve) => request.once("close", resolve));
  socket.destroy();
  await closed;
  assert.equal(request.complete, false);
});
