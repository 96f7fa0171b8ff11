import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import type { EventMessage } from "../../sync/report/event-messages.ts";
import { NO_EVENTS, reportEvents } from "../../sync/report/events.ts";
import type { WriterOptions } from "../../sync/report/parallel-writer.ts";
import { reportStatuses, type StatusWrite } from "../../sync/report/status.ts";

interface RecordedCall {
  readonly line: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

type RefusalResponse = { status: number; message: string };

const FORBIDDEN = { status: 403, message: "events is forbidden" };
const NOW = new Date("2026-03-01T12:00:00Z");

/** An API server that keeps what it is sent, and refuses what `refusal` says. */
let server: Server;
let calls: RecordedCall[];
let refusal: (call: RecordedCall) => RefusalResponse | undefined;
let lines: string[];
let reporting: WriterOptions;

before(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString());
    const call = { line: `${request.method} ${request.url}`, type: request.headers["content-type"], body };
    calls.push(call);
    const refusalResponse = refusal(call);
    response.writeHead(refusalResponse?.status ?? 200, { "Content-Type": "application/json" });
    response.end(
      JSON.stringify(refusalResponse ? { kind: "Status", reason: "Refused", message: refusalResponse.message } : body),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => server.close().closeAllConnections());

beforeEach(() => {
  [calls, refusal, lines] = [[], () => undefined, []];
  const connections = new Connections();
  const { port } = server.address() as AddressInfo;
  connections.loadFromOptions({
    clusters: [{ name: "here", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ name: "us" }],
    contexts: [{ name: "here", cluster: "here", user: "us" }],
    currentContext: "here",
  });
  const print = (line: string) => void lines.push(line);
  reporting = { api: createKubernetesClient(connections, 5000), print, signal: new AbortController().signal };
});

function buildStatusWrite(name: string, apiVersion = "networking.k8s.io/v1"): StatusWrite {
  return { apiVersion, namespace: "shop", name, patch: { metadata: { resourceVersion: "41" } } };
}

function buildStatusWrites(count: number): StatusWrite[] {
  return Array.from({ length: count }, (_, index) => buildStatusWrite(`ingress-${index}`));
}

function buildMessage(name: string, message = "it is wrong"): EventMessage {
  const uid = `uid of ${name}`;
  const involved = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "shop", name, uid };
  return { involvedObject: { ...involved, resourceVersion: "41" }, severity: "error", reason: "InvalidHost", message };
}

function countResults({
  writtenCount,
  skippedCount,
  failedItems,
  remainingItems,
}: Awaited<ReturnType<typeof reportStatuses>>) {
  return { writtenCount, skippedCount, failedCount: failedItems.length, remainingCount: remainingItems.length };
}

describe("statuses", () => {
  test("are patched in the API version that the Ingress was seen in", async () => {
    const writes = [buildStatusWrite("new"), buildStatusWrite("old", "extensions/v1beta1")];
    assert.deepEqual(countResults(await reportStatuses(writes, reporting)), {
      writtenCount: 2,
      skippedCount: 0,
      failedCount: 0,
      remainingCount: 0,
    });
    assert.deepEqual(calls.map(({ line }) => line).toSorted(), [
      "PATCH /apis/extensions/v1beta1/namespaces/shop/ingresses/old/status",
      "PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/new/status",
    ]);
    assert.equal(calls[0]?.type, "application/merge-patch+json");
    assert.deepEqual(calls[0]?.body, { metadata: { resourceVersion: "41" } });
    assert.deepEqual(lines, []);
  });

  test("that are gone or newer are no failure", async () => {
    refusal = ({ line }) => ({ status: line.includes("ingress-0") ? 404 : 409, message: "no" });
    const summary = await reportStatuses(buildStatusWrites(30), reporting);
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 30, failedCount: 0, remainingCount: 0 });
    assert.deepEqual(lines, []);
  });

  test("that fail are counted and said, and cost no other its own", async () => {
    refusal = ({ line }) => (line.includes("ingress-3/") ? { status: 422, message: "it is invalid" } : undefined);
    const summary = await reportStatuses(buildStatusWrites(20), reporting);
    assert.deepEqual(countResults(summary), { writtenCount: 19, skippedCount: 0, failedCount: 1, remainingCount: 0 });
    assert.deepEqual(lines, ["the status of Ingress shop/ingress-3 was not written: it is invalid (422 Refused)"]);
  });

  test("that all fail are not all said", async () => {
    refusal = () => FORBIDDEN;
    const summary = await reportStatuses(buildStatusWrites(300), reporting);
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 0, failedCount: 300, remainingCount: 0 });
    assert.equal(lines.length, 11);
    assert.equal(lines[10], "290 more were not written");
  });

  test("are written 32 at a time", async () => {
    let maxInFlight = 0;
    const pendingResolvers: ((answer: object) => void)[] = [];
    const release = () => {
      for (const resolve of pendingResolvers.splice(0)) resolve({});
    };
    const patch = () =>
      new Promise((resolve) => {
        maxInFlight = Math.max(maxInFlight, pendingResolvers.push(resolve));
        if (pendingResolvers.length === 32) setImmediate(release);
      });
    const summary = await reportStatuses(buildStatusWrites(320), { ...reporting, api: { ...reporting.api, patch } });
    assert.deepEqual([summary.writtenCount, maxInFlight], [320, 32]);
  });

  test("are written at once over connections that nobody has used before", async () => {
    const summary = await reportStatuses(buildStatusWrites(32), reporting);
    assert.deepEqual(countResults(summary), { writtenCount: 32, skippedCount: 0, failedCount: 0, remainingCount: 0 });
  });

  test("are left for later where the API server itself fails", async () => {
    refusal = () => ({ status: 503, message: "no" });
    const { failedItems, remainingItems } = await reportStatuses(buildStatusWrites(1000), reporting);
    assert.ok(failedItems.length >= 32 && failedItems.length <= 64, `${failedItems.length} failed`);
    assert.equal(failedItems.length + remainingItems.length, 1000);
    assert.equal(lines.at(-1), `${remainingItems.length} were postponed to the next sync`);
  });

  test("are all tried where the API server fails only now and then", async () => {
    refusal = () => (calls.length % 2 === 0 ? { status: 503, message: "no" } : undefined);
    const summary = await reportStatuses(buildStatusWrites(200), reporting);
    assert.deepEqual(countResults(summary), {
      writtenCount: 100,
      skippedCount: 0,
      failedCount: 100,
      remainingCount: 0,
    });
  });

  test("are left once it is time to end", async () => {
    const abortController = new AbortController();
    refusal = () => void (calls.length === 40 && abortController.abort());
    const { writtenCount, remainingItems } = await reportStatuses(buildStatusWrites(1000), {
      ...reporting,
      signal: abortController.signal,
    });
    assert.ok(writtenCount >= 40 && writtenCount < 80, `${writtenCount} written`);
    assert.equal(writtenCount + remainingItems.length, 1000);
  });

  test("of an API server that is gone reject nothing", async () => {
    const rejectConnection = () => Promise.reject(new TypeError("connection refused"));
    const api = { ...reporting.api, patch: rejectConnection };
    const summary = await reportStatuses(buildStatusWrites(2), { ...reporting, api });
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 0, failedCount: 2, remainingCount: 0 });
    assert.equal(lines[0], "the status of Ingress shop/ingress-0 was not written: connection refused");
  });
});

describe("Events", () => {
  test("are created in the namespace of their object", async () => {
    const { result } = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", reporting);
    assert.equal(result.writtenCount, 1);
    const [call] = calls;
    assert.equal(call?.line, "POST /api/v1/namespaces/shop/events");
    assert.deepEqual([call?.body.apiVersion, call?.body.kind, call?.body.count], ["v1", "Event", 1]);
  });

  for (const [condition, refusalResponse] of Object.entries({
    "have been told before a restart": { status: 409, message: "it exists" },
    "come after their namespace": { status: 404, message: 'namespaces "shop" not found' },
    "come while their namespace goes": {
      status: 403,
      message: "unable to create new content in namespace shop because it is being terminated",
    },
  })) {
    test(`that ${condition} are no failure, and are not tried again`, async () => {
      refusal = () => refusalResponse;
      const { history, result } = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", reporting);
      assert.deepEqual(countResults({ ...result, failedItems: [], remainingItems: [] }), {
        writtenCount: 0,
        skippedCount: 1,
        failedCount: 0,
        remainingCount: 0,
      });
      await reportEvents(history, [buildMessage("cart")], NOW, "edgress-0", reporting);
      assert.equal(calls.length, 1);
      assert.deepEqual(lines, []);
    });
  }

  test("that fail are said, and tried again in the next round", async () => {
    refusal = () => FORBIDDEN;
    const first = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", reporting);
    assert.equal(first.result.failedItems.length, 1);
    assert.deepEqual(lines, [
      "the Event InvalidHost on Ingress shop/cart was not written: events is forbidden (403 Refused)",
    ]);
    refusal = () => undefined;
    const second = await reportEvents(first.history, [buildMessage("cart")], NOW, "edgress-0", reporting);
    assert.equal(second.result.writtenCount, 1);
    const third = await reportEvents(second.history, [buildMessage("cart")], NOW, "edgress-0", reporting);
    assert.equal(third.result.writtenCount, 0);
  });

  test("that were not tried cost their object none of its Events", async () => {
    const messages = Array.from({ length: 25 }, (_, index) => buildMessage("cart", `problem ${index}`));
    const signal = AbortSignal.abort();
    const first = await reportEvents(NO_EVENTS, messages, NOW, "edgress-0", { ...reporting, signal });
    assert.equal(first.result.remainingItems.length, 25);
    const second = await reportEvents(first.history, messages, NOW, "edgress-0", reporting);
    assert.equal(second.result.writtenCount, 25);
  });
});
