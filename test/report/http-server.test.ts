import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { ListeningServer } from "../../sync/net/listen.ts";
import { type ControllerHealth, checkHealth, checkReadiness } from "../../sync/report/health.ts";
import { type HttpServerOptions, startHttpServer } from "../../sync/report/http-server.ts";

const LIMITS = { maxSyncMs: 120_000, readinessTimeoutMs: 300_000 };
const NOW = 1_000_000;

/** A leader whose round succeeded ten seconds ago. */
const HEALTHY: ControllerHealth = {
  isStopping: false,
  isLeader: true,
  hasFirstLists: true,
  syncStartedAt: undefined,
  syncDueAt: NOW + 50_000,
  lastSuccessAt: NOW - 10_000,
};

describe("health", () => {
  const table: [string, Partial<ControllerHealth>, boolean, string][] = [
    ["a loop that rests is well", {}, true, "the sync loop is running"],
    ["a round that runs is well", { syncStartedAt: NOW - 120_000 }, true, "the sync loop is running"],
    [
      "a wedged round is not (cloudflared #1300)",
      { syncStartedAt: NOW - 121_000 },
      false,
      "a sync has been running for 121 s, more than 120 s",
    ],
    [
      "a loop that begins no more rounds is not",
      { syncDueAt: NOW - 121_000 },
      false,
      "the next sync is overdue by 121 s",
    ],
    [
      "a long round is measured by its own time",
      { syncStartedAt: NOW - 1, syncDueAt: NOW - 500_000 },
      true,
      "the sync loop is running",
    ],
    ["who stands by is due nothing", { isLeader: false, syncDueAt: undefined }, true, "the sync loop is running"],
    ["rounds that fail call for no restart", { lastSuccessAt: NOW - 900_000 }, true, "the sync loop is running"],
  ];
  for (const [name, change, ok, reason] of table) {
    test(name, () => assert.deepEqual(checkHealth({ ...HEALTHY, ...change }, LIMITS, NOW), { ok, reason }));
  }
});

describe("readiness", () => {
  const table: [string, Partial<ControllerHealth>, boolean, string][] = [
    ["a leader whose round succeeded is ready", {}, true, "the last successful sync was 10 s ago"],
    ["a leader is not before its first success", { lastSuccessAt: undefined }, false, "no sync has succeeded yet"],
    [
      "a leader is not when the last success is too long ago",
      { lastSuccessAt: NOW - 301_000 },
      false,
      "the last successful sync was 301 s ago, more than 300 s",
    ],
    ["who is stopping is not", { isStopping: true }, false, "stopping"],
    ["who stands by with all lists in is", { isLeader: false, lastSuccessAt: undefined }, true, "standby"],
    [
      "who stands by is not before they are",
      { isLeader: false, hasFirstLists: false },
      false,
      "the initial lists from the API server are not complete",
    ],
  ];
  for (const [name, change, ok, reason] of table) {
    test(name, () => assert.deepEqual(checkReadiness({ ...HEALTHY, ...change }, LIMITS, NOW), { ok, reason }));
  }
});

describe("the endpoints", () => {
  let server: ListeningServer;
  afterEach(() => server.close());

  async function sendRequest(path: string, method = "GET", overrides: Partial<HttpServerOptions> = {}) {
    server = await startHttpServer({
      port: 0,
      scope: "loopback",
      checkHealth: () => ({ ok: true, reason: "the sync loop is running" }),
      checkReadiness: () => ({ ok: false, reason: "no sync has succeeded yet" }),
      metrics: { render: async () => ({ type: "text/plain; version=0.0.4", text: "edgress_leader 1\n" }) },
      ...overrides,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return [response.status, response.headers.get("content-type"), await response.text()];
  }

  const TEXT = "text/plain; charset=utf-8";

  test("say whether the job is well", async () => {
    assert.deepEqual(await sendRequest("/healthz"), [200, TEXT, "ok: the sync loop is running\n"]);
  });

  test("say why it is not ready", async () => {
    assert.deepEqual(await sendRequest("/readyz?verbose"), [503, TEXT, "no: no sync has succeeded yet\n"]);
  });

  test("give the metrics", async () => {
    assert.deepEqual(await sendRequest("/metrics"), [200, "text/plain; version=0.0.4", "edgress_leader 1\n"]);
  });

  test("answer HEAD without a body", async () => {
    assert.deepEqual(await sendRequest("/readyz", "HEAD"), [503, TEXT, ""]);
  });

  test("know no other path", async () => {
    assert.deepEqual((await sendRequest("/healthz/x"))[0], 404);
  });

  test("take no other method", async () => {
    assert.deepEqual((await sendRequest("/metrics", "POST"))[0], 405);
  });

  test("answer 500 where the metrics cannot be read", async () => {
    const metrics = { render: () => Promise.reject(new Error("no")) };
    assert.deepEqual(await sendRequest("/metrics", "GET", { metrics }), [
      500,
      TEXT,
      "metrics could not be collected\n",
    ]);
  });

  test("say so in one line where the port is taken", async () => {
    await sendRequest("/healthz");
    const takenPort = { scope: "loopback", port: server.port } as const;
    await assert.rejects(
      startHttpServer({
        ...takenPort,
        checkHealth: alwaysHealthy,
        checkReadiness: alwaysHealthy,
        metrics: failingMetrics,
      }),
      {
        message: `cannot listen on 127.0.0.1:${server.port}: the port is in use`,
      },
    );
  });
});

const alwaysHealthy = () => ({ ok: true, reason: "" });
const failingMetrics = { render: () => Promise.reject(new Error("no")) };
