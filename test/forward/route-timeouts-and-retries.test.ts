import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { buildRouteRetry } from "../../src/rules/policies/retry-settings.ts";
import type { UpstreamSettings } from "../../src/rules/policies/upstream.ts";
import { sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let origin: OriginServer;

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: "300" } });
  origin = await startOriginServer("203.0.113.10:80", edge.stack);
  await startBrokenOrigin("203.0.113.40:80", edge.stack, "refuse");
  const retry = buildRouteRetry({ codes: [500, 503], attempts: 2, backoffMs: undefined });
  await publishRoutes(
    edge,
    {
      retry: buildRoute({ retry }),
      wait: buildRoute({ retry: { ...retry, backoffMs: 200 } }),
      deadline: buildRoute({ requestMs: 300, retry: { ...retry, backoffMs: 200 } }),
      each: buildRoute({ answerMs: 200, retry }),
      request: buildRoute({ requestMs: 200 }),
      longer: buildRoute({ requestMs: 5000 }),
      unlimited: buildRoute({ answerMs: 0 }),
      response: buildRoute({ answerMs: 200, responseMs: 200 }),
      paused: buildRoute({ requestMs: 300, answerMs: 0, readMs: 10_000 }),
      once: buildRoute({ retry: buildRouteRetry({ codes: [503], attempts: 0, backoffMs: undefined }) }),
      chat: buildRoute({ requestMs: 200 }, "chat"),
      refused: buildRoute({ retry }, "half"),
    },
    { shop: ["203.0.113.10"], half: ["203.0.113.40", "203.0.113.10"], chat: ["203.0.113.60"] },
  );
});

after(async () => {
  await edge.close();
  await origin.close();
});

beforeEach(() => {
  origin.requests.length = 0;
  origin.respond = (response) => void response.end("answered");
});

function buildRoute(upstream: UpstreamSettings, service = "shop"): RouteSummary {
  return { service, policies: { upstream } };
}

function send(host: string, method = "GET", body?: string) {
  return sendRequest(edge, `http://${host}.example.com/`, { method, ...(body !== undefined && { body }) });
}

/** Answers with one status after the other, and then with 200. */
function answerWith(...statuses: number[]) {
  origin.respond = (response) => {
    response.statusCode = statuses.shift() ?? 200;
    response.end("answered");
  };
}

function answerAfter(ms: number) {
  origin.respond = (response) => void setTimeout(() => response.end("answered"), ms);
}

test("A listed status is retried at the only address, and the last status is returned", async () => {
  answerWith(503, 500);
  assert.equal((await send("retry")).status, 200);
  assert.equal(origin.requests.length, 3);
  answerWith(503, 503, 500, 200);
  assert.equal((await send("retry")).status, 500);
  assert.equal(origin.requests.length, 6);
});

test("A status that is not listed is not retried, and a POST never is", async () => {
  answerWith(502);
  assert.equal((await send("retry")).status, 502);
  answerWith(503);
  assert.equal((await send("retry", "POST", "order")).status, 503);
  assert.equal(origin.requests.length, 2);
});

test("A small body is sent again with a retry", async () => {
  answerWith(503);
  assert.equal((await send("retry", "PUT", "text")).status, 200);
  assert.deepEqual(
    origin.requests.map(({ body }) => String(body)),
    ["text", "text"],
  );
});

test("A retry waits for its back-off", async () => {
  answerWith(503);
  const startedAt = performance.now();
  assert.equal((await send("wait")).status, 200);
  assert.ok(performance.now() - startedAt >= 195);
});

test("The timeout of the request includes all attempts and waits", async () => {
  answerWith(503, 503, 503);
  assert.equal((await send("deadline")).status, 503);
  assert.equal(origin.requests.length, 2); // a third one would begin after 400 ms
});

test("A refused connection is retried if a stanza is there", async () => {
  for (let index = 0; index < 4; index++) assert.equal((await send("refused")).status, 200);
});

test("The timeout of an attempt is retried, and ends in 504", async () => {
  answerAfter(1500);
  assert.equal((await send("each")).status, 504);
  assert.equal(origin.requests.length, 3);
});

test("A request that exceeds its timeout gets 504", async () => {
  answerAfter(1500);
  assert.equal((await send("request")).status, 504);
});

for (const headers of [{}, { "Content-Length": "11" }, { "Content-Type": "text/event-stream" }] as const) {
  for (const [host, timeout] of [
    ["request", "The timeout of the request"],
    ["response", "The timeout of an attempt"],
    ["paused", "The timeout of the request, with one between parts,"],
  ] as const) {
    test(`${timeout} aborts a body that has not ended, with the headers ${JSON.stringify(headers)}`, {
      timeout: 10_000,
    }, async () => {
      const closed = Promise.withResolvers<void>();
      origin.respond = (response) =>
        void response.once("close", closed.resolve).writeHead(200, headers).write("begun ");
      const response = await startRequest(edge, `http://${host}.example.com/`);
      let body = "";
      await assert.rejects(async () => {
        for await (const part of response) body += part;
      });
      assert.deepEqual([response.statusCode, body], [200, "begun "]);
      await closed.promise;
    });
  }
}

test("A body that ends in time is complete under a timeout of the request", async () => {
  for (const headers of [{}, { "Content-Length": "8" }]) {
    origin.respond = (response) => void response.writeHead(200, headers).end("answered");
    for (const host of ["request", "response", "paused"]) assert.equal((await send(host)).body, "answered");
    assert.equal((await send("request", "HEAD")).status, 200);
  }
});

test("The timeout of an attempt does not include the client's upload", async () => {
  const options = { method: "POST", headers: { "Content-Length": "8" } };
  const response = await startRequest(edge, "http://response.example.com/", options, (request) => {
    request.write("half");
    setTimeout(() => request.end("done"), 500);
  });
  assert.equal(`${response.statusCode} ${await text(response)}`, "200 answered");
});

test("The timeout of the request does not close a WebSocket", async (context) => {
  const sockets = new WebSocketServer({ port: 0 });
  context.after(() => sockets.close());
  sockets.on("connection", (socket) => setTimeout(() => socket.send("late"), 500));
  edge.stack.forward("203.0.113.60:80", `127.0.0.1:${(sockets.address() as AddressInfo).port}`);
  const headers = { Host: "chat.example.com" };
  const socket = new WebSocket(`ws://127.0.0.1:${edge.stack.http.port}/`, { headers });
  const [message] = await once(socket, "message");
  socket.terminate();
  assert.equal(String(message), "late");
});

test("An attempt that timed out has no connection during the next one", { timeout: 10_000 }, async () => {
  const firstEnded = Promise.withResolvers<void>();
  origin.respond = (response) => {
    if (origin.requests.length === 1) response.once("close", firstEnded.resolve);
    else firstEnded.promise.then(() => response.end("answered"));
  };
  const { status, body } = await send("each");
  assert.deepEqual([status, body, origin.requests.length], [200, "answered", 2]);
});

test("A retry stanza with 0 attempts repeats no request", async () => {
  answerWith(503);
  assert.equal((await send("once")).status, 503);
  assert.equal(origin.requests.length, 1);
});

test("The default timeout does not shorten a longer timeout of the request, or one of 0", async () => {
  answerAfter(600);
  assert.equal((await send("longer")).status, 200);
  assert.equal((await send("unlimited")).status, 200);
});
