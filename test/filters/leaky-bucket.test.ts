import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionSlots } from "../../src/rate-limiter/connection-slots.ts";
import { addRequest, type BucketLevel, drainTimeMs } from "../../src/rate-limiter/leaky-bucket.ts";

const RATE = { name: "limit-rps", intervalMs: 100, burst: 2 };

test("A leaky bucket accepts one request and the burst at once", () => {
  const first = addRequest(undefined, RATE, 0);
  const third = addRequest(addRequest(first, RATE, 0), RATE, 0);
  assert.deepEqual(
    [first, third],
    [
      { excess: 0, at: 0 },
      { excess: 2, at: 0 },
    ],
  );
  assert.equal(addRequest(third, RATE, 0), undefined);
});

test("A leaky bucket accepts one more request after each interval, and is empty in the end", () => {
  const full: BucketLevel = { excess: 2, at: 1000 };
  assert.equal(addRequest(full, RATE, 1099), undefined);
  assert.deepEqual(addRequest(full, RATE, 1100), { excess: 2, at: 1100 });
  assert.deepEqual(addRequest(full, RATE, 99_999), { excess: 0, at: 99_999 });
  assert.equal(drainTimeMs(full, RATE, 1000), 300);
  assert.equal(drainTimeMs(full, RATE, 2000), 0);
});

test("A leaky bucket accepts every request of a client that keeps to the rate", () => {
  let level: BucketLevel | undefined;
  for (let now = 0; now < 10_000; now += 100) {
    level = addRequest(level, { ...RATE, burst: 0 }, now);
    assert.ok(level);
  }
});

test("A connection slot that is not renewed expires", () => {
  const slots = new ConnectionSlots();
  slots.set("a", 100);
  slots.set("b", 200);
  assert.equal(slots.count(50), 2);
  slots.set("a", 300);
  assert.equal(slots.count(250), 1);
  slots.release("a");
  assert.equal(slots.count(250), 0);
});
