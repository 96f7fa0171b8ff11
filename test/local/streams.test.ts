import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { type FetchWorker, FORWARDED_HEADERS, startFetchWorker } from "../support/worker/fetch-worker.ts";
import { readWorkerdPeaks } from "../support/worker/workerd-memory.ts";

const HEADERS = { Host: "shop.example.com", ...FORWARDED_HEADERS };

let worker: FetchWorker;

before(async () => {
  worker = await startFetchWorker();
});

after(() => worker.close());

function startForwardedRequest(method = "GET", headers = {}) {
  const options = { host: "127.0.0.1", port: worker.stack.http.port, method };
  return request({ ...options, headers: { ...HEADERS, ...headers } });
}

async function waitForResponse(outgoing: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return response;
}

test("An event arrives before the response ends, and a client that disconnects ends the origin's request", async () => {
  let origin: ServerResponse | undefined;
  worker.respond = (_, response) => {
    origin = response;
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: first\n\n");
  };
  const outgoing = startForwardedRequest().end();
  const response = await waitForResponse(outgoing);
  const [chunk] = (await once(response, "data")) as [Buffer];
  assert.equal(chunk.toString(), "data: first\n\n");
  assert.ok(origin);
  assert.equal(origin.writableEnded, false);
  const closed = once(origin, "close");
  response.on("error", () => undefined);
  outgoing.destroy();
  await closed;
});

test("A client that disconnects before the origin's response ends the origin's request", async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
  worker.respond = (_, response) => resolve(response);
  const outgoing = startForwardedRequest().end();
  outgoing.on("error", () => undefined);
  const closed = once(await arrived, "close");
  outgoing.destroy();
  await closed;
});

test("100 MB pass in both directions, and workerd stays under 200 MB", async () => {
  worker.respond = (request, response) => request.pipe(response);
  const outgoing = startForwardedRequest("POST", { "Transfer-Encoding": "chunked" });
  const written = (async () => {
    for (let count = 0; count < 100; count++) {
      if (!outgoing.write(Buffer.alloc(1_000_000, "x"))) await once(outgoing, "drain");
    }
    outgoing.end();
  })();
  const response = await waitForResponse(outgoing);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).length;
  await written;
  assert.equal(received, 100_000_000);
  for (const megabytes of await readWorkerdPeaks()) assert.ok(megabytes < 200, `workerd took ${megabytes} MB`);
});

test("A response that breaks at the origin breaks for the client too", async () => {
  worker.respond = (_, response) => {
    response.writeHead(200, { "Content-Length": 100 });
    response.write("half", () => response.destroy());
  };
  const response = await waitForResponse(startForwardedRequest().end());
  await assert.rejects(text(response), { code: "ECONNRESET" });
});

test("A WebSocket passes through the Worker", async (context) => {
  const [echo] = await startEchoServers(["shop/chat:80"]);
  assert.ok(echo);
  context.after(echo.close);
  worker.stack.forward("203.0.113.30:80", echo.address);
  const headers = { ...HEADERS, "X-Override": "far.example.com" };
  const socket = new WebSocket(`ws://127.0.0.1:${worker.stack.http.port}/`, { headers });
  await once(socket, "open");
  socket.send("hello");
  const [message] = (await once(socket, "message")) as [Buffer];
  assert.equal(message.toString(), "hello");
  socket.close(1000);
  await once(socket, "close");
});

test("The client receives the origin's response if the origin refuses a WebSocket", async () => {
  worker.respond = (_, response) => response.writeHead(401).end("no");
  const socket = new WebSocket(`ws://127.0.0.1:${worker.stack.http.port}/`, { headers: HEADERS });
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  assert.equal(`${response.statusCode} ${await text(response)}`, "401 no");
});
