import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTrigger, debounceDelay } from "../../sync/controller/debounce.ts";

const times = { quietMs: 1000, maxMs: 10_000 };

describe("holding off", () => {
  test("waits for a second of quiet after the last change", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 0, immediate: false }, 0), 1000);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 700, immediate: false }, 900), 800);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 700, immediate: false }, 1700), 0);
  });

  test("waits ten seconds at most while changes go on", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 9900, immediate: false }, 9950), 50);
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 10_500, immediate: false }, 10_500), 0);
  });

  test("does not wait for what is urgent", () => {
    assert.equal(debounceDelay(times, { firstChange: 0, lastChange: 0, immediate: true }, 0), 0);
  });
});

/** An alarm whose time stands still but where it is waited for. */
function createManualTrigger() {
  const state = { now: 0, ringAt: new Map<number, () => void>() };
  const waits: number[] = [];
  const trigger = createTrigger(
    () => state.now,
    async (ms, signal) => {
      waits.push(ms);
      const nextRing = [...state.ringAt.keys()].filter((at) => at <= state.now + ms).sort((a, b) => a - b)[0];
      if (nextRing === undefined) {
        state.now += ms;
        return;
      }
      state.now = nextRing;
      state.ringAt.get(nextRing)?.();
      state.ringAt.delete(nextRing);
      assert.ok(signal.aborted, "a ring wakes whoever waits");
    },
  );
  const ringAt = (at: number, urgency?: "immediate") => state.ringAt.set(at, () => trigger.fire(urgency));
  return { trigger, state, waits, ringAt };
}

const neverAborted = new AbortController().signal;

describe("the alarm", () => {
  test("goes off once for many changes, a second after the last", async () => {
    const { trigger, state, ringAt } = createManualTrigger();
    for (const at of [100, 300, 900]) ringAt(at);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 1900);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), false);
    assert.equal(state.now, 61_900);
  });

  test("goes off ten seconds after the first of changes that never stop", async () => {
    const { trigger, state, ringAt } = createManualTrigger();
    for (let at = 100; at <= 20_000; at += 500) ringAt(at);
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 10_100);
  });

  test("keeps what rings while nobody waits for the next time", async () => {
    const { trigger, state } = createManualTrigger();
    trigger.fire();
    state.now = 5000;
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 5000);
  });

  test("goes off at once where a change is urgent", async () => {
    const { trigger, state, ringAt } = createManualTrigger();
    ringAt(200);
    ringAt(300, "immediate");
    assert.equal(await trigger.waitForChanges(times, 60_000, neverAborted), true);
    assert.equal(state.now, 300);
  });

  test("gives up when it is ended", async () => {
    const { trigger } = createManualTrigger();
    assert.equal(await trigger.waitForChanges(times, 60_000, AbortSignal.abort()), false);
  });
});
