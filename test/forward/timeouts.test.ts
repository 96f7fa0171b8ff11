import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { startBrokenOrigin } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ORIGIN_TIMEOUT_MS = 400;
const ONE_SECOND = { "proxy-read-timeout": "1", "proxy-connect-timeout": "1" };

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

let edge: WorkerHarness;
let unresponsive: Awaited<ReturnType<typeof startBrokenOrigin>>;

/** Each test has its own host and origin, because the tests wait at the same time. */
const ORIGINS = {
  silent: "203.0.113.1",
  upload: "203.0.113.2",
  begun: "203.0.113.3",
  late: "203.0.113.4",
  slow: "203.0.113.5",
  paused: "203.0.113.6",
} as const;

function startOrigin(host: keyof typeof ORIGINS, respond: Respond) {
  return edge.startOrigin(`${ORIGINS[host]}:80`, respond);
}

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: String(ORIGIN_TIMEOUT_MS) } });
  unresponsive = await startBrokenOrigin("203.0.113.60:80", edge.stack, "no-read");
  await edge.publish(
    buildManifests(
      {
        silent: { service: "silent" },
        upload: { service: "upload" },
        begun: { service: "begun" },
        late: { service: "late", annotations: ONE_SECOND },
        slow: { service: "slow", annotations: ONE_SECOND },
        paused: { service: "paused", annotations: ONE_SECOND },
        stalled: { service: "stalled", annotations: { "proxy-send-timeout": "1" } },
      },
      {
        ...Object.fromEntries(Object.entries(ORIGINS).map(([name, address]) => [name, [address]])),
        stalled: ["203.0.113.60"],
      },
    ),
  );
});

after(async () => {
  await edge.close();
  await unresponsive.close();
});

describe("timeouts of an origin", { concurrency: true, timeout: 60_000 }, () => {
  test("An origin without a response in time is a 504, and its request ends", async () => {
    const closed = Promise.withResolvers<void>();
    await startOrigin("silent", (_, response) => response.once("close", closed.resolve));
    const headers = { "X-Request-ID": "failing-1" };
    const { status, body } = await sendRequest(edge, "http://silent.example.com/", { headers });
    assert.equal(status, 504);
    assert.equal(body, "504 Gateway Timeout\nrequest id: failing-1\n");
    await closed.promise;
  });

  test("The origin's timeout does not include the time of the client's upload", async () => {
    await startOrigin("upload", async (request, response) => response.end(await text(request)));
    const options = { method: "POST", headers: { "Content-Length": "8" } };
    const response = await startRequest(edge, "http://upload.example.com/", options, (request) => {
      request.write("half");
      setTimeout(() => request.end("done"), 2 * ORIGIN_TIMEOUT_MS);
    });
    assert.equal(`${response.statusCode} ${await text(response)}`, "200 halfdone");
  });

  test("A response that begins in time may take longer than the timeout", async () => {
    await startOrigin("begun", (_, response) => {
      response.write("begun ");
      setTimeout(() => response.end("and done"), 2 * ORIGIN_TIMEOUT_MS);
    });
    assert.equal((await sendRequest(edge, "http://begun.example.com/")).body, "begun and done");
  });

  test("An origin without a response within proxy-read-timeout is a 504", async () => {
    await startOrigin("late", () => {});
    const startedAt = Date.now();
    assert.equal((await sendRequest(edge, "http://late.example.com/")).status, 504);
    assert.ok(Date.now() - startedAt >= 900); // the time of the connection is not measured separately
  });

  test("proxy-read-timeout does not include the time of the client's upload", async () => {
    const bodies: string[] = [];
    await startOrigin("slow", async (request, response) => {
      bodies.push(await text(request));
      response.end();
    });
    const options = { method: "POST", headers: { "Content-Length": "2" } };
    const response = await startRequest(edge, "http://slow.example.com/", options, (request) => {
      request.write("a");
      setTimeout(() => request.end("b"), 2500); // longer than both timeouts of the origin
    });
    assert.equal(response.statusCode, 200);
    assert.equal(bodies[0], "ab");
  });

  test("proxy-read-timeout breaks a response that pauses too long between two parts, and not before", async () => {
    await startOrigin("paused", (_, response) => {
      response.writeHead(200, { "Content-Length": 9 }).write("one");
      setTimeout(() => response.write("two"), 700);
    });
    const response = await startRequest(edge, "http://paused.example.com/");
    let body = "";
    await assert.rejects(async () => {
      for await (const part of response) body += part;
    });
    assert.equal(body, "onetwo");
    assert.equal(response.headers["content-length"], "9");
  });
});

// Apart from the others, because 30 MB would disturb their timing.
test("An origin that does not read the request within proxy-send-timeout is a 504", { timeout: 60_000 }, async () => {
  const body = Buffer.alloc(30_000_000);
  assert.equal((await sendRequest(edge, "http://stalled.example.com/", { method: "PUT", body })).status, 504);
});
