import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCandidate, type SideCounts, sumSides } from "../../../sync/publish/rollout/judge.ts";

/** Counts without sampling: each request is a point. */
function count(requests: number, serverErrors = 0, noRoutes = 0): SideCounts {
  return { requests, points: requests, serverErrors, noRoutes };
}

function verdictOf(active: SideCounts, candidate: SideCounts, minRequests = 100): string {
  return judgeCandidate(active, candidate, minRequests).type;
}

test("A candidate with the same shares is good, also if both sides fail alike", () => {
  assert.equal(verdictOf(count(1000), count(100)), "good");
  assert.equal(verdictOf(count(1000, 300), count(100, 30)), "good");
  assert.equal(verdictOf(count(1000, 0, 200), count(100, 0, 20)), "good");
  assert.equal(verdictOf(count(1000, 1000), count(1000, 1000)), "good");
});

test("A candidate with more 5xx or no-route answers is worse", () => {
  assert.equal(verdictOf(count(1000), count(100, 100)), "worse");
  assert.equal(verdictOf(count(1000, 10), count(100, 30)), "worse");
  assert.equal(verdictOf(count(1000), count(100, 0, 30)), "worse");
  assert.equal(verdictOf(count(1000, 500), count(1000, 0, 30)), "worse");
});

test("A candidate with fewer failures is good", () => {
  assert.equal(verdictOf(count(1000, 500, 100), count(100)), "good");
});

test("A difference that chance explains, or of up to one percentage point, is no reason for an abort", () => {
  assert.equal(verdictOf(count(1000, 10), count(100, 2)), "good");
  assert.equal(verdictOf(count(1_000_000, 1000), count(1_000_000, 10_900)), "good");
  assert.equal(verdictOf(count(1_000_000, 1000), count(1_000_000, 11_100)), "worse");
});

test("Too few points on one side give no verdict, whatever they say", () => {
  assert.deepEqual(judgeCandidate(count(1000), count(99, 99), 100), {
    type: "too-few-requests",
    summary: "the candidate side has 99 of the 100 requests that a comparison needs",
  });
  assert.deepEqual(judgeCandidate(count(99), count(1000, 1000), 100), {
    type: "too-few-requests",
    summary: "the active side has 99 of the 100 requests that a comparison needs",
  });
  assert.equal(verdictOf(count(0), count(0)), "too-few-requests");
  assert.equal(verdictOf(count(1), count(1, 1), 1), "good");
});

test("Sampled points count for the requests that they represent, but not for certainty", () => {
  const active = { requests: 10_000, points: 100, serverErrors: 100, noRoutes: 0 };
  const candidate = { requests: 10_000, points: 100, serverErrors: 500, noRoutes: 0 };
  assert.equal(verdictOf(active, candidate), "good");
  assert.equal(verdictOf({ ...active, points: 10_000 }, { ...candidate, points: 10_000 }), "worse");
  assert.equal(verdictOf(active, { ...candidate, points: 99 }), "too-few-requests");
});

test("The summary of a verdict has both shares of both kinds", () => {
  assert.equal(
    judgeCandidate(count(1000, 10), count(200, 100, 5), 100).summary,
    "5xx 50.0 % of 200 candidate requests, 1.0 % of 1000 active ones, no-route 2.5 % of 200 candidate requests, 0.0 % of 1000 active ones",
  );
});

test("Only requests of the generation are counted, by side", () => {
  const row = { generation: 8, side: "active", outcome: "routed", statusClass: "2xx", requests: 10, points: 5 };
  const counts = [
    row,
    { ...row, generation: 7, requests: 100 },
    { ...row, side: "candidate", requests: 2, points: 2 },
    { ...row, side: "candidate", outcome: "no-route", statusClass: "4xx", requests: 3, points: 3 },
    { ...row, side: "candidate", outcome: "origin-timeout", statusClass: "5xx", requests: 4, points: 1 },
  ];
  assert.deepEqual(sumSides(counts, 8), {
    active: { requests: 10, points: 5, serverErrors: 0, noRoutes: 0 },
    candidate: { requests: 9, points: 6, serverErrors: 4, noRoutes: 3 },
  });
});
