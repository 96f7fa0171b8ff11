import assert from "node:assert/strict";
import { test } from "node:test";
import { decideRollout, nextCheckMs } from "../../../sync/publish/rollout/decide.ts";
import type { RolloutVerdict } from "../../../sync/publish/rollout/judge.ts";

const SETTINGS = { intervalMs: 300_000, maxWaitMs: 3_600_000 };
const STARTED = Date.parse("2026-11-28T12:00:00Z");

/** Decides `seconds` after the start of a stage. */
function decide(type: RolloutVerdict["type"] | "unknown", seconds: number, share = 1) {
  const candidate = { share, stages: [1, 10, 50], stageStartedAt: new Date(STARTED).toISOString() };
  return decideRollout(candidate, { type, summary: "summary" }, new Date(STARTED + seconds * 1000), SETTINGS);
}

test("A good candidate goes through the stages after each interval, and is promoted after the last", () => {
  assert.deepEqual(decide("good", 299), { type: "wait", reason: "summary; stage ends in 1 s" });
  assert.deepEqual(decide("good", 300), { type: "advance", share: 10, reason: "summary" });
  assert.deepEqual(decide("good", 300, 10), { type: "advance", share: 50, reason: "summary" });
  assert.deepEqual(decide("good", 300, 50), { type: "promote", reason: "summary" });
});

test("A share between the stages goes to the next higher one", () => {
  assert.deepEqual(decide("good", 300, 5), { type: "advance", share: 10, reason: "summary" });
  assert.deepEqual(decide("good", 300, 60), { type: "promote", reason: "summary" });
});

test("A worse candidate is aborted before the interval ends", () => {
  assert.deepEqual(decide("worse", 0), { type: "abort", reason: "summary" });
  assert.deepEqual(decide("worse", 301, 50), { type: "abort", reason: "summary" });
});

test("Without a comparison a candidate waits, and is aborted after the limit", () => {
  for (const type of ["too-few-requests", "unknown"] as const) {
    assert.deepEqual(decide(type, 10), { type: "wait", reason: "summary; stage ends in 5 min" });
    assert.deepEqual(decide(type, 300), { type: "wait", reason: "summary; abort in 55 min without a comparison" });
    assert.deepEqual(decide(type, 3599), { type: "wait", reason: "summary; abort in 1 s without a comparison" });
    assert.deepEqual(decide(type, 3600), { type: "abort", reason: "summary after 60 min" });
  }
});

test("The next check is at the end of the stage", () => {
  const candidate = { stageStartedAt: new Date(STARTED).toISOString() };
  assert.equal(nextCheckMs(candidate, new Date(STARTED + 100_000), SETTINGS), 200_000);
  assert.equal(nextCheckMs(candidate, new Date(STARTED + 400_000), SETTINGS), 0);
});
