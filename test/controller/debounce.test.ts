import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTrigger, debounceDelay } from "../../sync/controller/debounce.ts";

const times = { quietMs: 1000, maxMs: 10_000 };

describe("the debounce delay", () => {
  test("A sync waits for one second of quiet after the last change", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 0, immediate: false }, 0), 1000);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 700, immediate: false }, 900), 800);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 700, immediate: false }, 1700), 0);
  });

  test("A sync waits up to ten seconds during constant changes", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 9900, immediate: false }, 9950), 50);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 10_500, immediate: false }, 10_500), 0);
  });

  test("An immediate change does not wait", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 0, immediate: true }, 0), 0);
  });
});

/** Returns a trigger with simulated time. The time passes only while a test waits. */
function createManualTrigger() {
  const state = { now: 0, changes: new Map<number, () => void>() };
  const waits: number[] = [];
  const trigger = createTrigger(
    () => state.now,
    async (ms, signal) => {
      waits.push(ms);
      const nextChange = [...state.changes.keys()].filter((at) => at <= state.now + ms).sort((a, b) => a - b)[0];
      if (nextChange === undefined) {
        state.now += ms;
        return;
      }
      state.now = nextChange;
      state.changes.get(nextChange)?.();
      state.changes.delete(nextChange);
      assert.ok(signal.aborted, "a change ends the wait");
    },
  );
  const changeAt = (at: number, urgency?: "immediate") => state.changes.set(at, () => trigger.fire(urgency));
  return { trigger, state, waits, changeAt };
}

const neverAborted = new AbortController().signal;

describe("the trigger", () => {
  test("The trigger fires once for many changes, one second after the last", async () => {
    const { trigger, state, changeAt } = createManualTrigger();
    for (const at of [100, 300, 900]) changeAt(at);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 1900);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), false);
    assert.equal(state.now, 61_900);
  });

  test("The trigger fires ten seconds after the first of constant changes", async () => {
    const { trigger, state, changeAt } = createManualTrigger();
    for (let at = 100; at <= 20_000; at += 500) changeAt(at);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 10_100);
  });

  test("The trigger keeps a change that comes before the next wait", async () => {
    const { trigger, state } = createManualTrigger();
    trigger.fire();
    state.now = 5000;
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 5000);
  });

  test("The trigger fires at once after an immediate change", async () => {
    const { trigger, state, changeAt } = createManualTrigger();
    changeAt(200);
    changeAt(300, "immediate");
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 300);
  });

  test("The trigger returns false when it is aborted", async () => {
    const { trigger } = createManualTrigger();
    assert.equal(await trigger.waitForChanges(times, 60_000, AbortSignal.abort()), false);
  });
});
