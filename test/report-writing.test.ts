import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { apiOf } from "../sync/kubernetes/api.ts";
import { Connections } from "../sync/kubernetes/connections.ts";
import { NOTHING_TOLD, reportEvents } from "../sync/report/events.ts";
import type { Notice } from "../sync/report/notices.ts";
import { reportStatuses, type StatusWrite } from "../sync/report/status.ts";
import type { Reporting } from "../sync/report/writing.ts";

interface Call {
  readonly line: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

type Refusal = { status: number; message: string };

const FORBIDDEN = { status: 403, message: "events is forbidden" };
const NOW = new Date("2026-03-01T12:00:00Z");

/** An API server that keeps what it is sent, and refuses what `refusal` says. */
let server: Server;
let calls: Call[];
let refusal: (call: Call) => Refusal | undefined;
let lines: string[];
let reporting: Reporting;

before(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString());
    const call = { line: `${request.method} ${request.url}`, type: request.headers["content-type"], body };
    calls.push(call);
    const refused = refusal(call);
    response.writeHead(refused?.status ?? 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(refused ? { kind: "Status", reason: "Refused", message: refused.message } : body));
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
  reporting = { api: apiOf(connections, 5000), print, ended: new AbortController().signal };
});

function statusWrite(name: string, apiVersion = "networking.k8s.io/v1"): StatusWrite {
  return { apiVersion, namespace: "shop", name, patch: { metadata: { resourceVersion: "41" } } };
}

function statusWrites(count: number): StatusWrite[] {
  return Array.from({ length: count }, (_, index) => statusWrite(`ingress-${index}`));
}

function notice(name: string, message = "it is wrong"): Notice {
  const uid = `uid of ${name}`;
  const involved = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "shop", name, uid };
  return { involved: { ...involved, resourceVersion: "41" }, severity: "error", reason: "HostInvalid", message };
}

function counts({ written, needless, failed, left }: Awaited<ReturnType<typeof reportStatuses>>) {
  return { written, needless, failed: failed.length, left: left.length };
}

describe("statuses", () => {
  test("are patched in the API version that the Ingress was seen in", async () => {
    const writes = [statusWrite("new"), statusWrite("old", "extensions/v1beta1")];
    assert.deepEqual(counts(await reportStatuses(writes, reporting)), { written: 2, needless: 0, failed: 0, left: 0 });
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
    const done = await reportStatuses(statusWrites(30), reporting);
    assert.deepEqual(counts(done), { written: 0, needless: 30, failed: 0, left: 0 });
    assert.deepEqual(lines, []);
  });

  test("that fail are counted and said, and cost no other its own", async () => {
    refusal = ({ line }) => (line.includes("ingress-3/") ? { status: 422, message: "it is invalid" } : undefined);
    const done = await reportStatuses(statusWrites(20), reporting);
    assert.deepEqual(counts(done), { written: 19, needless: 0, failed: 1, left: 0 });
    assert.deepEqual(lines, ["the status of Ingress shop/ingress-3 was not written: it is invalid (422 Refused)"]);
  });

  test("that all fail are not all said", async () => {
    refusal = () => FORBIDDEN;
    const done = await reportStatuses(statusWrites(300), reporting);
    assert.deepEqual(counts(done), { written: 0, needless: 0, failed: 300, left: 0 });
    assert.equal(lines.length, 11);
    assert.equal(lines[10], "290 more were not written");
  });

  test("are written 32 at a time", async () => {
    let most = 0;
    const waiting: ((answer: object) => void)[] = [];
    const release = () => {
      for (const resolve of waiting.splice(0)) resolve({});
    };
    const patch = () =>
      new Promise((resolve) => {
        most = Math.max(most, waiting.push(resolve));
        if (waiting.length === 32) setImmediate(release);
      });
    const done = await reportStatuses(statusWrites(320), { ...reporting, api: { ...reporting.api, patch } });
    assert.deepEqual([done.written, most], [320, 32]);
  });

  test("are written at once over connections that nobody has used before", async () => {
    const done = await reportStatuses(statusWrites(32), reporting);
    assert.deepEqual(counts(done), { written: 32, needless: 0, failed: 0, left: 0 });
  });

  test("are left for later where the API server itself fails", async () => {
    refusal = () => ({ status: 503, message: "no" });
    const { failed, left } = await reportStatuses(statusWrites(1000), reporting);
    assert.ok(failed.length >= 32 && failed.length <= 64, `${failed.length} failed`);
    assert.equal(failed.length + left.length, 1000);
    assert.equal(lines.at(-1), `${left.length} were left for the next round`);
  });

  test("are all tried where the API server fails only now and then", async () => {
    refusal = () => (calls.length % 2 === 0 ? { status: 503, message: "no" } : undefined);
    const done = await reportStatuses(statusWrites(200), reporting);
    assert.deepEqual(counts(done), { written: 100, needless: 0, failed: 100, left: 0 });
  });

  test("are left once it is time to end", async () => {
    const ending = new AbortController();
    refusal = () => void (calls.length === 40 && ending.abort());
    const { written, left } = await reportStatuses(statusWrites(1000), { ...reporting, ended: ending.signal });
    assert.ok(written >= 40 && written < 80, `${written} written`);
    assert.equal(written + left.length, 1000);
  });

  test("of an API server that is gone reject nothing", async () => {
    const refused = () => Promise.reject(new TypeError("connection refused"));
    const api = { ...reporting.api, patch: refused };
    const done = await reportStatuses(statusWrites(2), { ...reporting, api });
    assert.deepEqual(counts(done), { written: 0, needless: 0, failed: 2, left: 0 });
    assert.equal(lines[0], "the status of Ingress shop/ingress-0 was not written: connection refused");
  });
});

describe("Events", () => {
  test("are created in the namespace of their object", async () => {
    const { written } = await reportEvents(NOTHING_TOLD, [notice("cart")], NOW, "edgress-0", reporting);
    assert.equal(written.written, 1);
    const [call] = calls;
    assert.equal(call?.line, "POST /api/v1/namespaces/shop/events");
    assert.deepEqual([call?.body.apiVersion, call?.body.kind, call?.body.count], ["v1", "Event", 1]);
  });

  for (const [why, refused] of Object.entries({
    "have been told before a restart": { status: 409, message: "it exists" },
    "come after their namespace": { status: 404, message: 'namespaces "shop" not found' },
    "come while their namespace goes": {
      status: 403,
      message: "unable to create new content in namespace shop because it is being terminated",
    },
  })) {
    test(`that ${why} are no failure, and are not tried again`, async () => {
      refusal = () => refused;
      const { told, written } = await reportEvents(NOTHING_TOLD, [notice("cart")], NOW, "edgress-0", reporting);
      assert.deepEqual(counts({ ...written, failed: [], left: [] }), { written: 0, needless: 1, failed: 0, left: 0 });
      await reportEvents(told, [notice("cart")], NOW, "edgress-0", reporting);
      assert.equal(calls.length, 1);
      assert.deepEqual(lines, []);
    });
  }

  test("that fail are said, and tried again in the next round", async () => {
    refusal = () => FORBIDDEN;
    const first = await reportEvents(NOTHING_TOLD, [notice("cart")], NOW, "edgress-0", reporting);
    assert.equal(first.written.failed.length, 1);
    assert.deepEqual(lines, [
      "the Event HostInvalid on Ingress shop/cart was not written: events is forbidden (403 Refused)",
    ]);
    refusal = () => undefined;
    const second = await reportEvents(first.told, [notice("cart")], NOW, "edgress-0", reporting);
    assert.equal(second.written.written, 1);
    const third = await reportEvents(second.told, [notice("cart")], NOW, "edgress-0", reporting);
    assert.equal(third.written.written, 0);
  });

  test("that were not tried cost their object none of its Events", async () => {
    const notices = Array.from({ length: 25 }, (_, index) => notice("cart", `problem ${index}`));
    const ended = AbortSignal.abort();
    const first = await reportEvents(NOTHING_TOLD, notices, NOW, "edgress-0", { ...reporting, ended });
    assert.equal(first.written.left.length, 25);
    const second = await reportEvents(first.told, notices, NOW, "edgress-0", reporting);
    assert.equal(second.written.written, 25);
  });
});
