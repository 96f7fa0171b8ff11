import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RegexVerdict } from "../../sync/compile/regex-verdict.ts";
import { createRegexChecker } from "../../sync/regex-check/regex-checker.ts";
import { createRegexThread, type RegexThread } from "../../sync/regex-check/regex-thread.ts";
import { MAX_UNUSED_VERDICTS } from "../../sync/regex-check/verdict-store.ts";
import { LINEAR } from "../support/fixture.ts";

const UNKNOWN: RegexVerdict = { type: "unknown", problem: "no result" };
const BUDGET = { checkMs: 1000, namespaceMs: 30, syncMs: 60 };
const MINUTE_MS = 60_000;

/** A thread that takes 20 ms for each pattern, and the patterns that it got. */
function createSlowThread(verdictOf: (pattern: string) => RegexVerdict = () => LINEAR) {
  const checked: string[] = [];
  const thread: RegexThread = {
    async check(pattern) {
      checked.push(pattern);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return verdictOf(pattern);
    },
    close: async () => {},
  };
  return { checked, start: () => thread };
}

function buildUses(namespace: string, count: number) {
  return Array.from({ length: count }, (_, index) => ({ namespace, pattern: `^/${namespace}/${index}.*` }));
}

describe("The budget of regex checks", () => {
  test("The regexes of one namespace cannot take the checks of another", async () => {
    const { checked, start } = createSlowThread();
    const checker = createRegexChecker(BUDGET, start);
    const uses = [...buildUses("bob", 50), ...buildUses("alice", 1)];
    assert.equal(await checker.startSync().check(uses), true);
    assert.equal(checker.verdicts().get("^/alice/0.*"), LINEAR);
    assert.ok(checked.length <= 4, `${checked.length} checks`);
    assert.equal(checker.hasUnchecked(uses), true);
  });

  test("A regex beyond the budget is checked in a later sync", async () => {
    const { start } = createSlowThread();
    const checker = createRegexChecker(BUDGET, start);
    const uses = buildUses("bob", 5);
    for (let sync = 0; sync < 5; sync++) await checker.startSync().check(uses);
    assert.equal(checker.hasUnchecked(uses), false);
  });

  test("A check without a result is repeated after a minute, then after longer times", async () => {
    let now = 0;
    const { checked, start } = createSlowThread(() => UNKNOWN);
    const checker = createRegexChecker(BUDGET, start, () => now);
    const uses = buildUses("bob", 1);
    const counts: number[] = [];
    for (const minutes of [0, 0.5, 1, 2, 5]) {
      now = minutes * MINUTE_MS;
      await checker.startSync().check(uses);
      counts.push(checked.length);
    }
    assert.deepEqual(counts, [1, 1, 2, 2, 3]);
    assert.equal(checker.verdicts().get("^/bob/0.*"), UNKNOWN);
  });

  test("Verdicts that no rule uses are dropped beyond a limit, and used ones never", async () => {
    const checker = createRegexChecker(BUDGET, createSlowThread().start);
    const patterns = Array.from({ length: MAX_UNUSED_VERDICTS + 10 }, (_, index) => `^/${index}.*`);
    checker.restore(patterns.map((pattern) => ({ pattern, verdict: LINEAR, attempts: 1, checkedAt: 0 })));
    const kept = checker.listAfter([{ namespace: "bob", pattern: "^/0.*" }]);
    assert.equal(kept.length, MAX_UNUSED_VERDICTS + 1);
    assert.equal(checker.verdicts().get("^/0.*"), LINEAR);
    assert.equal(checker.verdicts().get("^/1.*"), undefined);
  });
});

describe("The thread that checks regexes", () => {
  test("The event loop turns while 12 regexes of the worst kind are checked", async () => {
    const checker = createRegexChecker({ checkMs: 5000, namespaceMs: 3000, syncMs: 3000 });
    const uses = Array.from({ length: 12 }, (_, index) => ({
      namespace: "bob",
      pattern: `^/.{1000}.{1000}.{1000}.{1000}x${index}`,
    }));
    let longestPauseMs = 0;
    let lastTurn = performance.now();
    const timer = setInterval(() => {
      longestPauseMs = Math.max(longestPauseMs, performance.now() - lastTurn);
      lastTurn = performance.now();
    }, 10);
    await checker.startSync().check(uses);
    clearInterval(timer);
    assert.ok(longestPauseMs < 1000, `the event loop stood still for ${longestPauseMs} ms`);
  });

  test("A check that takes too long ends without a verdict, and the next one gets its verdict", async (t) => {
    const thread = createRegexThread();
    t.after(() => thread.close());
    assert.equal((await thread.check("^/.{1000}.{1000}.{1000}.{1000}x", 0)).type, "unknown");
    assert.deepEqual(await thread.check("^/api(/|$)(.*)", 10_000), { type: "safe", maxBytes: 4096 });
  });
});
