import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LOCAL_STATUS_TOKEN, STATUS_HEADERS } from "../../sync/local/wait-for-generation.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { buildTwoHosts, startTwoHostsEdge } from "../support/worker/two-hosts.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let requestCount = 0;

before(async () => {
  edge = await startTwoHostsEdge();
  await edge.publish(buildTwoHosts("one", "two"));
});

after(() => edge.close());

/** Sends a request for a reserved path, and returns the fields of its access line that do not depend on the clock. */
async function requestAccessLine(server: WorkerHarness, path: string, headers = {}, method = "GET") {
  const id = `reserved-${++requestCount}`;
  const url = `http://a.example.com/.well-known/edgress/${path}`;
  const client = { "CF-Connecting-IP": "198.51.100.7", "User-Agent": "curl/8.5.0", "X-Request-ID": id };
  await sendRequest(server, url, { method, headers: { ...client, ...headers } });
  const { time, edgeMs, requestId, ray, ...line } = await server.waitForAccessLine(id);
  assert.ok(Number(edgeMs) >= 0);
  return line;
}

const LINE = {
  method: "GET",
  scheme: "http",
  protocol: "HTTP/1.1",
  host: "a.example.com",
  path: "/.well-known/edgress/health",
  status: 200,
  outcome: "reserved-path",
  generation: 1,
  colo: "DEV",
  clientIp: "198.51.100.7",
  userAgent: "curl/8.5.0",
};

test("No request for a reserved path is without an access line", async () => {
  assert.deepEqual(await requestAccessLine(edge, "health"), LINE);
  const path = "/.well-known/edgress/generation";
  assert.deepEqual(await requestAccessLine(edge, "generation", STATUS_HEADERS), { ...LINE, path });
  const { generation: _, ...withoutGeneration } = LINE;
  assert.deepEqual(await requestAccessLine(edge, "generation"), { ...withoutGeneration, path, status: 404 });
  for (const method of ["HEAD", "POST", "DELETE"]) {
    const line = await requestAccessLine(edge, "other", {}, method);
    const expected = { ...withoutGeneration, path: "/.well-known/edgress/other", status: 404, method };
    assert.deepEqual(line, expected, method);
  }
});

test("The access line of a reserved path never contains the token", async () => {
  for (const Authorization of [`Bearer ${LOCAL_STATUS_TOKEN}`, `Basic ${LOCAL_STATUS_TOKEN}`]) {
    await requestAccessLine(edge, `generation?token=${LOCAL_STATUS_TOKEN}`, { Authorization, Cookie: Authorization });
  }
  assert.ok(!edge.lines.join("\n").includes(LOCAL_STATUS_TOKEN));
});

test("The access line of a reserved path has the reason why an edge has no snapshot", async (context) => {
  const empty = await startWorkerHarness();
  context.after(empty.close);
  for (const path of ["health", "generation"]) {
    const { status, outcome, reason } = await requestAccessLine(empty, path, STATUS_HEADERS);
    assert.deepEqual([status, outcome, reason], [503, "no-snapshot", "no snapshot is published"]);
  }
});
