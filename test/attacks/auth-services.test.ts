import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setInterval as every } from "node:timers/promises";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SERVICE = "http://gate.default.svc.cluster.local";
const DENY = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

let edge: WorkerHarness;
let origin: OriginServer;
let gate: ListeningServer;

/** Writes a part of a head every 20 ms, and never its end. */
async function drip(socket: Socket, start: string): Promise<void> {
  socket.write(start);
  for await (const _ of every(20)) if (socket.destroyed || !socket.write("a")) return;
}

/** What a broken or malicious authentication service does with a request, by the request's path. */
const FAULTS: Readonly<Record<string, (socket: Socket) => void>> = {
  hang: () => {},
  "drip-head": (socket) => void drip(socket, "HTTP/1.1 200 OK\r\nX-User: "),
  "drip-status": (socket) => void drip(socket, "HTTP/1.1 20"),
  "hang-up": (socket) => socket.destroy(),
  garbage: (socket) => socket.end("\0\u0001 200 OK\r\n\r\n"),
  "no-head": (socket) => socket.end("ok"),
  "cut-off": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  continue: (socket) => socket.end("HTTP/1.1 100 Continue\r\n\r\n"),
  "early-hints": (socket) => socket.end("HTTP/1.1 103 Early Hints\r\nX-User: root\r\n\r\n"),
  "switching-protocols": (socket) =>
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
  "long-status": (socket) => socket.end("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
  "short-status": (socket) => socket.end("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
  "two-lengths": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"),
  "large-head": (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nX-Fill: ${"a".repeat(300_000)}\r\nContent-Length: 0\r\n\r\n`),
};
const STATUSES = [300, 301, 302, 303, 304, 307, 308, 400, 404, 407, 418, 429, 451, 500, 502, 503, 504];
const CLOUDFLARE_STATUSES = [520, 521, 522, 523, 524, 525, 526, 530, 599];

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: "400" } });
  origin = await startOriginServer("203.0.113.10:80", edge.stack);
  gate = await listen(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (head) => respondAsGate(socket, head.toString("latin1")));
    }),
    0,
  );
  edge.stack.forward("203.0.113.11:80", `127.0.0.1:${gate.port}`);
  const denied = { "auth-url": `${SERVICE}/deny` };
  const cors = { "enable-cors": "true", "cors-allow-origin": "https://app.example.net" };
  await edge.publish(
    buildManifests(
      {
        faulty: { annotations: { "auth-url": `${SERVICE}/$arg_fault` } },
        itself: { annotations: { "auth-url": "https://itself.example.com/auth" } },
        "first-host": { annotations: { "auth-url": "http://second-host.example.com/auth" } },
        "second-host": { annotations: { "auth-url": "http://first-host.example.com/auth" } },
        one: { annotations: { "auth-url": "http://two.example.com/auth" } },
        two: { annotations: { "auth-url": "http://three.example.com/auth" } },
        three: { annotations: { "auth-url": "http://one.example.com/auth", satisfy: "any" } },
        denied: { annotations: denied },
        split: { annotations: denied },
        "split-canary": { service: "next", annotations: { canary: "true", "canary-weight": "100" } },
        cors: { annotations: { ...denied, ...cors } },
      },
      { shop: ["203.0.113.10"], next: ["203.0.113.10"], gate: ["203.0.113.11"] },
    ),
  );
});

after(async () => {
  await edge.close();
  await Promise.all([origin.close(), gate.close()]);
});

function respondAsGate(socket: Socket, head: string): void {
  const [, fault = ""] = /^\S+ \/([^ ?]*)/.exec(head) ?? [];
  if (/^\d+$/.test(fault)) socket.end(`HTTP/1.1 ${fault} Status\r\nLocation: /allowed\r\nContent-Length: 0\r\n\r\n`);
  else (FAULTS[fault] ?? ((denied: Socket) => denied.end(DENY)))(socket);
}

/** Sends a request, and returns its status. The request must not reach the origin. */
async function sendDenied(url: string, options: RequestOptions = {}): Promise<number> {
  const { status } = await sendRequest(edge, url, options);
  assert.deepEqual(origin.requests, [], url);
  return status;
}

describe("An authentication service", { timeout: 60_000 }, () => {
  test("No client passes a broken, slow or malicious authentication service", async () => {
    const faults = [...Object.keys(FAULTS), ...STATUSES, ...CLOUDFLARE_STATUSES];
    const statuses = await Promise.all(
      faults.map(async (fault) => [fault, await sendDenied(`http://faulty.example.com/?fault=${fault}`)]),
    );
    assert.deepEqual(
      statuses,
      faults.map((fault) => [fault, 500]),
    );
    assert.equal(await sendDenied("http://faulty.example.com/?fault=401"), 401);
    assert.equal(await sendDenied("http://faulty.example.com/?fault=403"), 403);
  });

  test("No client passes an auth-url that leads back to its own route, and the loop ends after two subrequests", async () => {
    for (const host of ["itself", "first-host", "second-host", "one", "two", "three"]) {
      const id = `loop-${host}`;
      assert.equal(await sendDenied(`http://${host}.example.com/`, { headers: { "X-Request-ID": id } }), 500);
      await edge.waitForAccessLine(id);
      const lines = edge.accessLines().filter(({ requestId }) => requestId === id);
      assert.deepEqual(
        lines.map(({ subrequestOf }) => subrequestOf !== undefined),
        [true, true, false],
        host,
      );
    }
  });

  test("No client passes auth-url by a canary", async () => {
    for (const headers of [{}, { Canary: "always" }, { Cookie: "canary=always" }])
      assert.equal(await sendDenied("http://split.example.com/", { headers }), 401);
  });

  test("No client passes auth-url by a WebSocket handshake", async () => {
    const headers = {
      ...{ Connection: "Upgrade", Upgrade: "websocket" },
      ...{ "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" },
    };
    for (const host of ["denied", "split", "cors"])
      assert.equal(await sendDenied(`http://${host}.example.com/`, { headers }), 401, host);
  });

  test("No client passes auth-url by a preflight", async () => {
    const preflight = (host: string, origin: string) => {
      const headers = { Origin: origin, "Access-Control-Request-Method": "DELETE" };
      return sendDenied(`http://${host}.example.com/`, { method: "OPTIONS", headers });
    };
    assert.equal(await preflight("cors", "https://app.example.net"), 204); // the edge answers it without the origin
    assert.equal(await preflight("cors", "https://evil.example.net"), 401);
    assert.equal(await preflight("denied", "https://app.example.net"), 401);
  });
});
