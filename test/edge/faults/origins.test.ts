import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";
import { buildManifests } from "../../support/manifests.ts";
import { waitFor } from "../../support/wait-for.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startOriginServer } from "../../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

const TIMEOUT_MS = 4000; // more than the other tests need on a busy machine
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/** Writes text again and again until the connection is closed. */
function repeat(socket: Socket, text: string, intervalMs: number): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(text)), intervalMs);
}

type Fault = (socket: Socket) => void;
const write =
  (text: string): Fault =>
  (socket) =>
    socket.end(Buffer.from(text, "latin1"));

const UNREACHABLE = "502 origin-unreachable Cloudflare answered 520";
const TIMED_OUT = "504 origin-timeout undefined";
const ROUTED = "200 routed undefined";

/** Behavior of an origin, and the status, outcome and reason of the access line. */
const FAULTS: Readonly<Record<string, readonly [subject: string, fault: Fault, expected: string]>> = {
  close: ["closes the connection at once", (socket) => socket.destroy(), UNREACHABLE],
  hang: ["does not respond", () => {}, TIMED_OUT],
  slow: [
    "sends a header for longer than the timeout",
    (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nX-Slow: ");
      repeat(socket, "a", 30);
    },
    TIMED_OUT,
  ],
  garbage: ["sends bytes that are not HTTP", write("\0\x01\xff garbage\r\n\r\n"), UNREACHABLE],
  old: ["answers without a status line", write("<html>hello</html>"), UNREACHABLE],
  switch: [
    "switches protocols without a request for it",
    write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n"),
    UNREACHABLE,
  ],
  informal: ["sends 100 without an end", (socket) => repeat(socket, "HTTP/1.1 100 Continue\r\n\r\n", 5), TIMED_OUT],
  endless: [
    "sends headers without an end",
    (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      repeat(socket, `X-Endless: ${"a".repeat(10_000)}\r\n`, 1);
    },
    UNREACHABLE,
  ],
  large: [
    "sends a header over 128 KiB",
    write(OK.replace("OK\r\n", `OK\r\nX-Large: ${"a".repeat(140_000)}\r\n`)),
    UNREACHABLE,
  ],
  lengths: ["sends two lengths", write(OK.replace("OK\r\n", "OK\r\nContent-Length: 4\r\n")), UNREACHABLE],
  negative: ["sends a negative length", write(OK.replace("2", "-2")), UNREACHABLE],
  framings: [
    "sends a length and chunks",
    write(OK.replace("OK\r\n", "OK\r\nTransfer-Encoding: chunked\r\n")),
    UNREACHABLE,
  ],
};

const PASSING: Readonly<Record<string, readonly [subject: string, bytes: string]>> = {
  continue: ["100", `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
  processing: ["102 twice", `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(2)}${OK}`],
  hints: ["103", `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${OK}`],
  surplus: ["more bytes than its length", `${OK} and more`],
};

const BROKEN: Readonly<Record<string, readonly [subject: string, bytes: string]>> = {
  short: ["ends before its length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"],
  cut: ["ends within chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
  chunks: ["sends a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"],
};

const behaviors: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries(Object.entries(FAULTS).map(([name, [, fault]]) => [name, fault])),
  ...Object.fromEntries(Object.entries({ ...PASSING, ...BROKEN }).map(([name, [, bytes]]) => [name, write(bytes)])),
};

let edge: WorkerHarness;
const origins: ListeningServer[] = [];
const sockets = new Map<string, Socket>();

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: String(TIMEOUT_MS) } });
  const ingresses: Record<string, { service: string; annotations?: Record<string, string> }> = {};
  const services: Record<string, string[]> = {};
  for (const [index, [name, behave]] of Object.entries(behaviors).entries()) {
    const server = createServer((socket) => {
      sockets.set(
        name,
        socket.on("error", () => {}),
      );
      if (name === "close") behave(socket);
      else socket.once("data", () => behave(socket)).resume();
    });
    origins.push(await listen(server, 0));
    edge.stack.forward(`203.0.113.${index + 1}:80`, `127.0.0.1:${origins.at(-1)?.port}`);
    ingresses[name] = { service: name };
    services[name] = [`203.0.113.${index + 1}`];
  }
  for (const [index, name] of ["refusing", "certificate", "plaintext"].entries()) {
    const isHttps = name !== "refusing";
    ingresses[name] = {
      service: isHttps ? `${name}:443` : name,
      ...(isHttps && { annotations: { "backend-protocol": "HTTPS" } }),
    };
    services[isHttps ? `${name}:443` : name] = [`203.0.113.${index + 101}`];
  }
  await edge.publish(buildManifests(ingresses, services));
});

after(async () => {
  await edge.close();
  for (const { close } of origins) await close();
});

/** Returns the body of the response and the access line. */
async function fetchHost(host: string, scheme = "http") {
  const headers = { "X-Request-ID": host };
  const response = await sendRequest(edge, `${scheme}://${host}.example.com/`, { headers }).catch(
    ({ code }: { code: string }) => code,
  );
  const { status, outcome, reason } = await edge.waitForAccessLine(host);
  return { line: `${status} ${outcome} ${reason}`, response };
}

describe("faults of origins", { concurrency: true, timeout: 60_000 }, () => {
  for (const [host, [subject, , expected]] of Object.entries(FAULTS)) {
    test(`An origin that ${subject} is answered by the edge, and its connection is closed`, async () => {
      const { line, response } = await fetchHost(host);
      assert.equal(line, expected);
      const phrase = expected.startsWith("502") ? "502 Bad Gateway" : "504 Gateway Timeout";
      assert.ok(typeof response === "object");
      assert.equal(response.body, `${phrase}\nrequest id: ${host}\n`);
      await waitFor(() => sockets.get(host)?.destroyed);
    });
  }

  for (const [host, [subject, bytes]] of Object.entries(PASSING)) {
    test(`The response of an origin that sends ${subject} passes`, async () => {
      const { line, response } = await fetchHost(host);
      assert.equal(line, ROUTED, bytes);
      assert.ok(typeof response === "object");
      assert.equal(`${response.status} ${response.body}`, "200 ok");
    });
  }

  for (const [host, [subject]] of Object.entries(BROKEN)) {
    test(`The response of an origin that ${subject} is broken for the client, too`, async () => {
      assert.deepEqual(await fetchHost(host), { line: ROUTED, response: "ECONNRESET" });
      await waitFor(() => sockets.get(host)?.destroyed);
    });
  }
});

test("An origin that refuses the connection is a 502", async () => {
  const { port, close } = await listen(createServer(), 0);
  await close();
  edge.stack.forward("203.0.113.101:80", `127.0.0.1:${port}`);
  assert.equal((await fetchHost("refusing")).line, "502 origin-unreachable Cloudflare answered 521");
});

test("An https origin with a certificate of another name is served, as in Cloudflare's mode Full, and 526 of a stricter mode is a 502", async () => {
  const origin = await startOriginServer("203.0.113.102:443", edge.stack, true);
  assert.equal((await fetchHost("certificate")).line, ROUTED);
  origin.respond = (response) => response.writeHead(526).end();
  await sendRequest(edge, "http://certificate.example.com/", { headers: { "X-Request-ID": "strict" } });
  const { status, outcome, reason } = await edge.waitForAccessLine("strict");
  assert.deepEqual([status, outcome, reason], [502, "origin-unreachable", "Cloudflare answered 526"]);
  await origin.close();
});

test("An https origin without TLS is a 502", async () => {
  const origin = await startOriginServer("203.0.113.103:443", edge.stack);
  assert.equal((await fetchHost("plaintext")).line, "502 origin-unreachable Cloudflare answered 525");
  await origin.close();
});
