import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { ListeningServer } from "../../sync/net/listen.ts";
import { type ControllerHealth, checkHealth, checkReadiness } from "../../sync/report/health.ts";
import { type HttpServerOptions, startHttpServer } from "../../sync/report/http-server.ts";

const LIMITS = { maxSyncMs: 120_000, readinessTimeoutMs: 300_000 };
const NOW = 1_000_000;

/** A leader with a successful sync ten seconds ago. */
const HEALTHY: ControllerHealth = {
  isStopping: false,
  isLeader: true,
  hasFirstLists: true,
  syncStartedAt: undefined,
  syncDueAt: NOW + 50_000,
  lastSuccessAt: NOW - 10_000,
  lastProblem: undefined,
};

describe("health", () => {
  const table: [string, Partial<ControllerHealth>, boolean, string][] = [
    ["A waiting sync loop is healthy", {}, true, "the sync loop is running"],
    ["A running sync is healthy", { syncStartedAt: NOW - 120_000 }, true, "the sync loop is running"],
    [
      "A sync that hangs is unhealthy",
      { syncStartedAt: NOW - 121_000 },
      false,
      "a sync has been running for 121 s, more than 120 s",
    ],
    [
      "A sync loop with an overdue sync is unhealthy",
      { syncDueAt: NOW - 121_000 },
      false,
      "the next sync is overdue by 121 s",
    ],
    [
      "A running sync is measured from its start, not from its due time",
      { syncStartedAt: NOW - 1, syncDueAt: NOW - 500_000 },
      true,
      "the sync loop is running",
    ],
    [
      "A standby without a due sync is healthy",
      { isLeader: false, syncDueAt: undefined },
      true,
      "the sync loop is running",
    ],
    [
      "Failed syncs are healthy, because a restart would not help",
      { lastSuccessAt: NOW - 900_000 },
      true,
      "the sync loop is running",
    ],
  ];
  for (const [title, change, ok, reason] of table) {
    test(title, () => assert.deepEqual(checkHealth({ ...HEALTHY, ...change }, LIMITS, NOW), { ok, reason }));
  }
});

describe("readiness", () => {
  const table: [string, Partial<ControllerHealth>, boolean, string][] = [
    ["A leader with a recent successful sync is ready", {}, true, "the last successful sync was 10 s ago"],
    [
      "A leader before its first successful sync is not ready",
      { lastSuccessAt: undefined },
      false,
      "no sync has succeeded yet",
    ],
    [
      "A leader whose last successful sync is over 300 s ago is not ready",
      { lastSuccessAt: NOW - 301_000 },
      false,
      "the last successful sync was 301 s ago, more than 300 s",
    ],
    [
      "A leader that cannot publish names the cause",
      { lastSuccessAt: undefined, lastProblem: "Cloudflare API: reading Workers KV failed: 403" },
      false,
      "no sync has succeeded yet: Cloudflare API: reading Workers KV failed: 403",
    ],
    [
      "A leader whose syncs fail for over 300 s names the cause",
      { lastSuccessAt: NOW - 301_000, lastProblem: "Cloudflare API: writing Workers KV failed: 500" },
      false,
      "the last successful sync was 301 s ago, more than 300 s: Cloudflare API: writing Workers KV failed: 500",
    ],
    ["A stopping controller is not ready", { isStopping: true }, false, "stopping"],
    ["A standby with complete first lists is ready", { isLeader: false, lastSuccessAt: undefined }, true, "standby"],
    [
      "A standby without complete first lists is not ready",
      { isLeader: false, hasFirstLists: false },
      false,
      "the initial lists from the API server are not complete",
    ],
    [
      "A controller without valid credentials names the cause",
      { hasFirstLists: false, lastProblem: "Kubernetes API: Unauthorized" },
      false,
      "the initial lists from the API server are not complete: Kubernetes API: Unauthorized",
    ],
  ];
  for (const [title, change, ok, reason] of table) {
    test(title, () => assert.deepEqual(checkReadiness({ ...HEALTHY, ...change }, LIMITS, NOW), { ok, reason }));
  }
});

describe("the health server", () => {
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

  test("The endpoint /healthz reports the health", async () => {
    assert.deepEqual(await sendRequest("/healthz"), [200, TEXT, "ok: the sync loop is running\n"]);
  });

  test("The endpoint /readyz reports the reason with status 503", async () => {
    assert.deepEqual(await sendRequest("/readyz?verbose"), [503, TEXT, "no: no sync has succeeded yet\n"]);
  });

  test("The endpoint /metrics returns the metrics", async () => {
    assert.deepEqual(await sendRequest("/metrics"), [200, "text/plain; version=0.0.4", "edgress_leader 1\n"]);
  });

  test("A HEAD request gets no body", async () => {
    assert.deepEqual(await sendRequest("/readyz", "HEAD"), [503, TEXT, ""]);
  });

  test("An unknown path gets 404", async () => {
    assert.deepEqual((await sendRequest("/healthz/x"))[0], 404);
  });

  test("A POST request gets 405", async () => {
    assert.deepEqual((await sendRequest("/metrics", "POST"))[0], 405);
  });

  test("The endpoint /metrics returns 500 if the metrics cannot be collected", async () => {
    const metrics = { render: () => Promise.reject(new Error("no")) };
    assert.deepEqual(await sendRequest("/metrics", "GET", { metrics }), [
      500,
      TEXT,
      "metrics could not be collected\n",
    ]);
  });

  test("A port in use rejects the start with a one-line error", async () => {
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
