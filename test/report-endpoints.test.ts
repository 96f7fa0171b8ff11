import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { Listening } from "../sync/dev/listening.ts";
import { type Endpoints, startEndpoints } from "../sync/report/endpoints.ts";
import { healthOf, readinessOf, type Standing } from "../sync/report/health.ts";

const LIMITS = { longestRoundMs: 120_000, staleAfterMs: 300_000 };
const NOW = 1_000_000;

/** A leader whose round succeeded ten seconds ago. */
const WELL: Standing = {
  stopping: false,
  leading: true,
  collected: true,
  roundSince: undefined,
  roundDue: NOW + 50_000,
  lastSuccess: NOW - 10_000,
};

describe("health", () => {
  const table: [string, Partial<Standing>, boolean, string][] = [
    ["a loop that rests is well", {}, true, "the loop turns"],
    ["a round that runs is well", { roundSince: NOW - 120_000 }, true, "the loop turns"],
    [
      "a wedged round is not (cloudflared #1300)",
      { roundSince: NOW - 121_000 },
      false,
      "a round has been running for 121 s, more than 120 s",
    ],
    [
      "a loop that begins no more rounds is not",
      { roundDue: NOW - 121_000 },
      false,
      "a round has been due for 121 s, and none has begun",
    ],
    [
      "a long round is measured by its own time",
      { roundSince: NOW - 1, roundDue: NOW - 500_000 },
      true,
      "the loop turns",
    ],
    ["who stands by is due nothing", { leading: false, roundDue: undefined }, true, "the loop turns"],
    ["rounds that fail call for no restart", { lastSuccess: NOW - 900_000 }, true, "the loop turns"],
  ];
  for (const [name, change, ok, why] of table) {
    test(name, () => assert.deepEqual(healthOf({ ...WELL, ...change }, LIMITS, NOW), { ok, why }));
  }
});

describe("readiness", () => {
  const table: [string, Partial<Standing>, boolean, string][] = [
    ["a leader whose round succeeded is ready", {}, true, "the last round that succeeded was 10 s ago"],
    ["a leader is not before its first success", { lastSuccess: undefined }, false, "no round has succeeded yet"],
    [
      "a leader is not when the last success is too long ago",
      { lastSuccess: NOW - 301_000 },
      false,
      "the last round that succeeded was 301 s ago, more than 300 s",
    ],
    ["who is stopping is not", { stopping: true }, false, "stopping"],
    ["who stands by with all lists in is", { leading: false, lastSuccess: undefined }, true, "standing by"],
    [
      "who stands by is not before they are",
      { leading: false, collected: false },
      false,
      "the first lists from the API server are not all in",
    ],
  ];
  for (const [name, change, ok, why] of table) {
    test(name, () => assert.deepEqual(readinessOf({ ...WELL, ...change }, LIMITS, NOW), { ok, why }));
  }
});

describe("the endpoints", () => {
  let listening: Listening;
  afterEach(() => listening.close());

  async function ask(path: string, method = "GET", changed: Partial<Endpoints> = {}) {
    listening = await startEndpoints({
      port: 0,
      reach: "loopback",
      health: () => ({ ok: true, why: "the loop turns" }),
      readiness: () => ({ ok: false, why: "no round has succeeded yet" }),
      metrics: { exposition: async () => ({ type: "text/plain; version=0.0.4", text: "edgress_leader 1\n" }) },
      ...changed,
    });
    const response = await fetch(`http://127.0.0.1:${listening.port}${path}`, { method });
    return [response.status, response.headers.get("content-type"), await response.text()];
  }

  const TEXT = "text/plain; charset=utf-8";

  test("say whether the job is well", async () => {
    assert.deepEqual(await ask("/healthz"), [200, TEXT, "ok: the loop turns\n"]);
  });

  test("say why it is not ready", async () => {
    assert.deepEqual(await ask("/readyz?verbose"), [503, TEXT, "no: no round has succeeded yet\n"]);
  });

  test("give the metrics", async () => {
    assert.deepEqual(await ask("/metrics"), [200, "text/plain; version=0.0.4", "edgress_leader 1\n"]);
  });

  test("answer HEAD without a body", async () => {
    assert.deepEqual(await ask("/readyz", "HEAD"), [503, TEXT, ""]);
  });

  test("know no other path", async () => {
    assert.deepEqual((await ask("/healthz/x"))[0], 404);
  });

  test("take no other method", async () => {
    assert.deepEqual((await ask("/metrics", "POST"))[0], 405);
  });

  test("answer 500 where the metrics cannot be read", async () => {
    const metrics = { exposition: () => Promise.reject(new Error("no")) };
    assert.deepEqual(await ask("/metrics", "GET", { metrics }), [500, TEXT, "the metrics could not be read\n"]);
  });

  test("say so in one line where the port is taken", async () => {
    await ask("/healthz");
    const taken = { reach: "loopback", port: listening.port } as const;
    await assert.rejects(startEndpoints({ ...taken, health, readiness: health, metrics: never }), {
      message: `cannot listen on 127.0.0.1:${listening.port}: the port is in use`,
    });
  });
});

const health = () => ({ ok: true, why: "" });
const never = { exposition: () => Promise.reject(new Error("no")) };
