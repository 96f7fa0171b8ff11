import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alarmOf, holdOff } from "../sync/hold-off.ts";

const times = { quietMs: 1000, mostMs: 10_000 };

describe("holding off", () => {
  test("waits for a second of quiet after the last change", () => {
    assert.equal(holdOff(times, { first: 0, last: 0, isUrgent: false }, 0), 1000);
    assert.equal(holdOff(times, { first: 0, last: 700, isUrgent: false }, 900), 800);
    assert.equal(holdOff(times, { first: 0, last: 700, isUrgent: false }, 1700), 0);
  });

  test("waits ten seconds at most while changes go on", () => {
    assert.equal(holdOff(times, { first: 0, last: 9900, isUrgent: false }, 9950), 50);
    assert.equal(holdOff(times, { first: 0, last: 10_500, isUrgent: false }, 10_500), 0);
  });

  test("does not wait for what is urgent", () => {
    assert.equal(holdOff(times, { first: 0, last: 0, isUrgent: true }, 0), 0);
  });
});

/** An alarm whose time stands still but where it is waited for. */
function held() {
  const state = { now: 0, ringAt: new Map<number, () => void>() };
  const waits: number[] = [];
  const alarm = alarmOf(
    () => state.now,
    async (ms, ended) => {
      waits.push(ms);
      const due = [...state.ringAt.keys()].filter((at) => at <= state.now + ms).sort((a, b) => a - b)[0];
      if (due === undefined) {
        state.now += ms;
        return;
      }
      state.now = due;
      state.ringAt.get(due)?.();
      state.ringAt.delete(due);
      assert.ok(ended.aborted, "a ring wakes whoever waits");
    },
  );
  const ringAt = (at: number, urgency?: "urgent") => state.ringAt.set(at, () => alarm.ring(urgency));
  return { alarm, state, waits, ringAt };
}

const forever = new AbortController().signal;

describe("the alarm", () => {
  test("goes off once for many changes, a second after the last", async () => {
    const { alarm, state, ringAt } = held();
    for (const at of [100, 300, 900]) ringAt(at);
    assert.equal(await alarm.rung(times, 60_000, forever), true);
    assert.equal(state.now, 1900);
    assert.equal(await alarm.rung(times, 60_000, forever), false);
    assert.equal(state.now, 61_900);
  });

  test("goes off ten seconds after the first of changes that never stop", async () => {
    const { alarm, state, ringAt } = held();
    for (let at = 100; at <= 20_000; at += 500) ringAt(at);
    assert.equal(await alarm.rung(times, 60_000, forever), true);
    assert.equal(state.now, 10_100);
  });

  test("keeps what rings while nobody waits for the next time", async () => {
    const { alarm, state } = held();
    alarm.ring();
    state.now = 5000;
    assert.equal(await alarm.rung(times, 60_000, forever), true);
    assert.equal(state.now, 5000);
  });

  test("goes off at once where a change is urgent", async () => {
    const { alarm, state, ringAt } = held();
    ringAt(200);
    ringAt(300, "urgent");
    assert.equal(await alarm.rung(times, 60_000, forever), true);
    assert.equal(state.now, 300);
  });

  test("gives up when it is ended", async () => {
    const { alarm } = held();
    assert.equal(await alarm.rung(times, 60_000, AbortSignal.abort()), false);
  });
});
