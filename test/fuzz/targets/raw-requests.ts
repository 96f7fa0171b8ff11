import assert from "node:assert/strict";
import fc from "fast-check";
import { listen } from "../../../sync/net/listen.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startWorkerHarness } from "../../support/worker/worker-harness.ts";
import { buildWireRequests } from "../inputs/wire-requests.ts";
import {
  buildRawObjects,
  createRecordingServer,
  exchangeBytes,
  GUARDED,
  type OriginRequest,
  RAW_HOSTS,
  readEchoes,
  serviceOf,
  startRawDev,
} from "../raw-stack.ts";
import { resolveRequestHost, resolveRequestPath } from "../reference/request-path.ts";
import { defineProperty } from "../target.ts";

// Bytes over sockets to the Worker in workerd, with and without the local listeners. The origins show the routes.

const QUIET_MS = 200;
const MAX_CONNECTION_MS = 20_000;
const CONNECTIONS = 12;

/** workerd's own message for CONNECT, which Cloudflare passes to no Worker. */
const NO_CONNECT = "Handler does not export a connect() function";

/** Returns the Service that may get a request, from the request as the origin got it. */
export function findExpectedService({ host, url }: OriginRequest): string | undefined {
  const name = resolveRequestHost(host);
  const path = resolveRequestPath(url.split("?")[0] ?? "");
  const wildcard = `*.${name.split(".").slice(1).join(".")}`;
  const rules = RAW_HOSTS.find((rule) => rule.host === name) ?? RAW_HOSTS.find((rule) => rule.host === wildcard);
  if (!rules || path === undefined) return undefined;
  const isRegex = "use-regex" in rules.annotations;
  const matches = (prefix: string) =>
    isRegex ? path.toLowerCase().startsWith(prefix) : path === prefix || path.startsWith(`${prefix}/`);
  const prefix = [`/${GUARDED}`, "/a"].find(matches) ?? "/";
  return serviceOf(rules.host, prefix);
}

function checkOriginRequest(request: OriginRequest): void {
  assert.equal(request.service, findExpectedService(request), `the origin got ${JSON.stringify(request)}`);
  assert.ok(!request.service.endsWith(GUARDED), `the guarded ${request.service} got ${request.url}`);
}

/** Throws unless bytes are responses of HTTP/1.1 whose headers are well formed. */
function checkResponses(received: string): void {
  if (received === "") return;
  assert.match(received, /^HTTP\/1\.[01] [1-5]\d\d[ \r]/);
  for (const [, head = ""] of received.matchAll(/(?:^|\n)(HTTP\/1\.[01] [1-5]\d\d.*?\r\n)\r\n/gs)) {
    const [, ...lines] = head.split("\r\n").slice(0, -1);
    for (const line of lines) assert.match(line, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*$/, head);
  }
}

export async function startTarget() {
  const edge = await startWorkerHarness();
  const requests: OriginRequest[] = [];
  const addresses = new Map<string, string>();
  const addressOf = (service: string) => {
    const address = addresses.get(service) ?? `203.0.113.${addresses.size + 1}`;
    addresses.set(service, address);
    return address;
  };
  const objects = buildRawObjects(addressOf);
  const origins = await Promise.all(
    [...addresses].map(async ([service, address]) => {
      const listener = await listen(createRecordingServer(requests, service), 0);
      edge.stack.forward(`${address}:80`, `127.0.0.1:${listener.port}`);
      return listener;
    }),
  );
  await edge.publish(objects);

  function checkPort(port: number) {
    return async (batch: readonly string[]) => {
      const firstLine = edge.lines.length;
      const received = await Promise.all(batch.map((bytes) => exchangeBytes(port, bytes, QUIET_MS, MAX_CONNECTION_MS)));
      received.forEach(checkResponses);
      requests.splice(0).forEach(checkOriginRequest);
      for (const line of edge.lines.slice(firstLine))
        if (!line.includes(NO_CONNECT)) assert.doesNotMatch(line, /internal-error|[Uu]ncaught|Error:/);
      const { status } = await sendRequest(edge, "http://plain.example.com/alive");
      assert.equal(status, 200);
      requests.length = 0;
    };
  }
  const { dev, end } = await startRawDev();
  let seenLines = 0;
  /** `edgress dev` with its echo origins, whose answers have the request and name the Service. */
  async function checkDev(batch: readonly string[]): Promise<void> {
    const port = Number(dev.http.port);
    const received = await Promise.all(batch.map((bytes) => exchangeBytes(port, bytes, QUIET_MS, MAX_CONNECTION_MS)));
    for (const answers of received) {
      checkResponses(answers);
      readEchoes(answers).forEach(checkOriginRequest);
    }
    assert.equal(dev.stderr(), "");
    assert.equal(dev.child.exitCode, null);
    for (const line of dev.lines.slice(seenLines)) assert.doesNotMatch(line, /internal-error|[Uu]ncaught/);
    seenLines = dev.lines.length;
  }
  const bytes = buildWireRequests(
    RAW_HOSTS.map(({ host }) => host),
    ["/", "/a", "/a/b", `/${GUARDED}`, `/${GUARDED}/x`, "/%73ecret", "/a/../secret", "/Secret"],
  );
  const batches = fc.array(bytes, { minLength: 1, maxLength: CONNECTIONS });
  const sizeOf = (batch: readonly string[]) => batch.length;
  return {
    properties: [
      defineProperty("workerd", batches, checkPort(Number(edge.stack.worker.port)), sizeOf),
      defineProperty("dev", batches, checkDev, sizeOf),
      defineProperty("listeners", batches, checkPort(Number(edge.stack.http.port)), sizeOf),
    ],
    async close() {
      await end();
      await edge.close();
      await Promise.all(origins.map(({ close }) => close()));
    },
  };
}
