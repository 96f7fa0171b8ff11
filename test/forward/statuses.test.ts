import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWireOrigin, type WireOrigin } from "../support/worker/wire-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

// Cloudflare uses these if an origin does not respond, so the edge cannot attribute them to the origin.
const CLOUDFLARE_STATUSES = [520, 521, 522, 523, 524, 525, 526, 530];
/** Every third status from 201 to 999. */
const FINAL_STATUSES = Array.from({ length: 267 }, (_, index) => 201 + 3 * index).filter(
  (status) => !CLOUDFLARE_STATUSES.includes(status),
);

const EMPTY_STATUSES = [204, 205, 304];

/** Every policy that would change the response. */
const ANNOTATIONS = {
  "proxy-read-timeout": "60",
  "limit-connections": "500",
  "custom-http-errors": "503",
  "default-backend": "pages",
  "proxy-cookie-path": "/ /shop",
  "proxy-redirect-from": "http://internal/",
  "proxy-redirect-to": "/",
  affinity: "cookie",
  "enable-cors": "true",
  "auth-url": "http://pages/auth",
};

let edge: WorkerHarness;
let wire: WireOrigin;

before(async () => {
  edge = await startWorkerHarness();
  wire = await startWireOrigin(edge, "203.0.113.30:80", "plain.example.com");
  await edge.startOrigin("203.0.113.11:80", (_, response) => response.setHeader("Set-Cookie", "session=1").end());
  await edge.publish(
    buildManifests(
      { plain: { service: "wire" }, policies: { service: "wire", annotations: ANNOTATIONS } },
      { wire: ["203.0.113.30"], pages: ["203.0.113.11"] },
    ),
  );
});

after(async () => {
  await edge.close();
  await wire.close();
});

test("The client receives every final status of the origin up to 999", async () => {
  wire.respond = respondWithStatus;
  for (let first = 0; first < FINAL_STATUSES.length; first += 50) {
    const statuses = FINAL_STATUSES.slice(first, first + 50);
    assert.deepEqual(
      await Promise.all(statuses.map((status) => fetchStatus("plain", status))),
      describeStatuses(statuses),
    );
  }
});

test("The client receives unusual statuses of the origin with policies that change responses", async () => {
  wire.respond = respondWithStatus;
  const statuses = [200, 204, 205, 299, 304, 402, 418, 451, 499, 509, 529, 598, 599, 600, 601, 700, 999];
  for (const status of statuses) assert.deepEqual([await fetchStatus("policies", status)], describeStatuses([status]));
});

async function fetchStatus(host: string, expectedStatus: number): Promise<string> {
  const { status, body } = await sendRequest(edge, `http://${host}.example.com/${expectedStatus}`);
  return `${status} ${body}`;
}

function describeStatuses(statuses: readonly number[]): string[] {
  return statuses.map((status) => `${status} ${EMPTY_STATUSES.includes(status) ? "" : "body"}`);
}

/** Answers `/999` with 999. */
function respondWithStatus(socket: Socket, head: string): void {
  const [, status = ""] = /^GET \/(\d+)/.exec(head) ?? [];
  const body = EMPTY_STATUSES.includes(Number(status)) ? "\r\n" : "Content-Length: 4\r\n\r\nbody";
  socket.end(`HTTP/1.1 ${status} Odd\r\nSet-Cookie: a=1; Path=/\r\nConnection: close\r\n${body}`);
}

test("The access line of an unusual status names the origin's status and no failure", async () => {
  wire.respond = (socket) => socket.end("HTTP/1.1 999 No Robots\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const headers = { "X-Request-ID": "robots-1" };
  assert.equal((await sendRequest(edge, "http://policies.example.com/", { headers })).status, 999);
  const { status, outcome } = await edge.waitForAccessLine("robots-1");
  assert.deepEqual([status, outcome], [999, "routed"]);
});

test("TRACE is 405 on every host and path, and the origin does not receive it", async () => {
  const heads: string[] = [];
  wire.respond = (socket, head) => {
    heads.push(head);
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  };
  for (const host of ["plain", "policies", "unknown"]) {
    const headers = { "X-Request-ID": `trace-${host}` };
    const { status, body } = await sendRequest(edge, `http://${host}.example.com/`, { method: "TRACE", headers });
    assert.equal(`${status} ${body}`, `405 405 Method Not Allowed\nrequest id: trace-${host}\n`);
    const { outcome, reason } = await edge.waitForAccessLine(`trace-${host}`);
    assert.deepEqual([outcome, reason], ["bad-request", "TRACE is not allowed"]);
  }
  assert.deepEqual(heads, []);
});
