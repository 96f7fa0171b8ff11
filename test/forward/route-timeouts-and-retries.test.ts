import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { buildRouteRetry } from "../../src/rules/policies/retry-settings.ts";
import type { UpstreamSettings } from "../../src/rules/policies/upstream.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
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
      refused: buildRoute({ retry }, "half"),
    },
    { shop: ["203.0.113.10"], half: ["203.0.113.40", "203.0.113.10"] },
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

test("The timeout of the request does not end a response that has begun", async () => {
  origin.respond = (response) => {
    response.write("begun ");
    setTimeout(() => response.end("ended"), 500);
  };
  assert.equal((await send("request")).body, "begun ended");
});

test("The default timeout does not shorten a longer timeout of the request, or one of 0", async () => {
  answerAfter(600);
  assert.equal((await send("longer")).status, 200);
  assert.equal((await send("unlimited")).status, 200);
});
