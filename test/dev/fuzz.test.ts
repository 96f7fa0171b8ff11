import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { PROXIED_PORTS } from "../../src/rules/proxied-ports.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { sendDevRequest } from "../support/cli/dev-requests.ts";
import { type DevProcess, startDev } from "../support/cli/edge-cli.ts";
import { clientBytes, originBytes } from "../support/cli/wire-arbitraries.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";

/** Time of the search. More on demand: `FUZZ_SECONDS=600`. */
const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const MAX_RUNS = 1_000_000;
const PARALLEL_REQUESTS = 24;
/** A client ends its connection after this time without a byte. */
const QUIET_MS = 150;
/** Every connection ends in this time, because the client and the origin end theirs. */
const MAX_CONNECTION_MS = 10_000;

let dev: DevProcess;
let folder: string;
let responses: readonly string[] = [];
let originCount = 0;
const servers: ListeningServer[] = [];

before(async () => {
  const good = await listenOnProxiedPort(
    createHttpServer((_, response) => response.end("{}")),
    "http",
  );
  const odd = await listenOnProxiedPort(createServer(sendOddResponse), "http");
  const oddTls = await listenOnProxiedPort(createServer(sendOddResponse), "https");
  const tls = withNginxPrefix({ "backend-protocol": "HTTPS" });
  const manifests = [
    buildIngressManifest("good", "good.test", { "/": `good:${good}` }),
    buildIngressManifest("odd", "odd.test", { "/": `odd:${odd}` }),
    buildIngressManifest("odd-tls", "odd-tls.test", { "/": `odd-tls:${oddTls}` }, tls),
    buildServiceManifest("good", ["127.0.0.1"], good),
    buildServiceManifest("odd", ["127.0.0.1"], odd),
    buildServiceManifest("odd-tls", ["127.0.0.1"], oddTls),
  ];
  folder = await mkdtemp(join(tmpdir(), "edgress-fuzz-"));
  await writeFile(join(folder, "all.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
  dev = await startDev(folder);
});

after(async () => {
  if (dev.child.exitCode === null) await dev.end();
  await Promise.all(servers.map(({ close }) => close()));
  await rm(folder, { recursive: true });
});

/** Listens on a port that Cloudflare proxies, and returns it. */
async function listenOnProxiedPort(server: Server, scheme: "http" | "https"): Promise<number> {
  for (const port of PROXIED_PORTS[scheme].filter((candidate) => candidate > 1024)) {
    const listener = await listen(server, port).catch(() => undefined);
    if (!listener) continue;
    servers.push(listener);
    return port;
  }
  throw new Error(`no proxied port is free for ${scheme}`);
}

function sendOddResponse(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    originCount++;
    const bytes = Buffer.from(responses[originCount % responses.length] ?? "", "latin1");
    const half = bytes.length >> 1;
    socket.write(bytes.subarray(0, half), () => {
      socket.write(bytes.subarray(half));
      if (originCount % 7 === 0) setImmediate(() => socket.resetAndDestroy());
      else socket.end();
    });
  });
}

/** Writes bytes over http or https, ends the connection when it is quiet, and returns the statuses that arrived. */
async function sendBytes(bytes: string, isTls: boolean): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = isTls
    ? connectTls({ port: Number(dev.https.port), rejectUnauthorized: false, servername: "odd.test" })
    : connect(Number(dev.http.port), "127.0.0.1");
  let received = "";
  socket.setTimeout(QUIET_MS, () => socket.end());
  socket.setEncoding("latin1").on("data", (part: string) => {
    received += part;
  });
  socket.on("error", () => undefined).on("close", () => resolve());
  socket.write(Buffer.from(bytes, "latin1"));
  const timer = setTimeout(() => {
    socket.destroy();
    reject(new Error(`no end of the connection after ${MAX_CONNECTION_MS} ms, received ${JSON.stringify(received)}`));
  }, MAX_CONNECTION_MS);
  await promise.finally(() => clearTimeout(timer));
  return received.match(/^HTTP\/1\.1 \d{3}/gm) ?? [];
}

/** Returns the status of a valid request, or the error and all that edgress dev wrote to stderr. */
async function fetchGoodStatus(): Promise<number | string | undefined> {
  try {
    return (await sendDevRequest(dev, "good.test", "/")).status;
  } catch (error) {
    return `${error}\n${dev.stderr()}`;
  }
}

test("No request and no response of an origin ends edgress dev, or stops it from answering", async (context) => {
  const statuses = new Map<string, number>();
  let requestCount = 0;
  const exchange = fc.record({
    request: clientBytes(["odd.test", "odd-tls.test"]),
    response: originBytes,
    isTls: fc.nat(9).map((number) => number === 0),
  });
  const property = fc.asyncProperty(
    fc.array(exchange, { minLength: 1, maxLength: PARALLEL_REQUESTS }),
    async (batch) => {
      responses = batch.map(({ response }) => response);
      const received = await Promise.all(batch.map(({ request, isTls }) => sendBytes(request, isTls)));
      for (const status of received.flat()) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      requestCount += batch.length;
      assert.equal(await fetchGoodStatus(), 200);
    },
  );
  await fc.assert(property, {
    numRuns: MAX_RUNS,
    interruptAfterTimeLimit: FUZZ_SECONDS * 1000,
    markInterruptAsFailure: false,
    endOnFailure: true, // a process that ended can't be asked for a smaller example
  });
  context.diagnostic(
    `requests=${requestCount} origin=${originCount} ${[...statuses.entries()]
      .map(([status, count]) => `${status.slice(9)}=${count}`)
      .toSorted()
      .join(" ")}`,
  );
  assert.equal(dev.stderr(), "");
  assert.ok(requestCount > 50 && originCount > 5, `only ${requestCount} requests, ${originCount} at the origin`);
});
