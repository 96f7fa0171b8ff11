import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AddressState,
  eject,
  findAddressState,
  readmit,
  recordFailure,
  recordResponse,
} from "../../src/forward/address-health.ts";
import { estimateLatency, recordLatency } from "../../src/forward/latency.ts";

const BACKEND = { scheme: "http" as const, port: 80, addresses: [] };

/** Returns the state of an address that no other test has. */
function createState(name: string): AddressState {
  return findAddressState("team/shop:80", BACKEND, { address: name, record: name });
}

test("One refused connection ejects an address, and three timeouts in sequence do", () => {
  const refused = createState("refused");
  recordFailure(refused, "http_52x", 5000);
  assert.equal(refused.ejectedUntil, 6000);
  const slow = createState("slow");
  recordFailure(slow, "timeout", 5000);
  recordFailure(slow, "timeout", 5000);
  assert.equal(slow.ejectedUntil, 0);
  recordResponse(slow, 5000);
  for (let count = 0; count < 3; count++) recordFailure(slow, "timeout", 9000);
  assert.equal(slow.ejectedUntil, 10_000);
});

test("Each ejection is twice as long as the last one, up to 60 s, until a client gets a response", () => {
  const state = createState("growing");
  const lengths: number[] = [];
  for (let count = 0; count < 8; count++) {
    eject(state, 1000);
    lengths.push(state.ejectedUntil - 1000);
    readmit(state);
  }
  assert.deepEqual(lengths, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  recordResponse(state, 2000);
  recordFailure(state, "error", 3000);
  assert.equal(state.ejectedUntil, 4000);
});

test("Failures during an ejection do not extend it, and a response to an earlier request does not end it", () => {
  const state = createState("ejected");
  recordFailure(state, "error", 1000);
  recordFailure(state, "error", 1500);
  recordResponse(state, 999);
  assert.deepEqual([state.ejectedUntil, state.backOffMs], [2000, 1000]);
  recordResponse(state, 1000);
  assert.equal(state.ejectedUntil, 0);
});

test("The state belongs to Service, scheme, address and port, and an isolate has 10,000 of them", () => {
  const address = { address: "203.0.113.10", record: "same" };
  const state = findAddressState("team/shop:80", BACKEND, address);
  assert.equal(findAddressState("team/shop:80", { ...BACKEND }, { ...address }), state);
  assert.notEqual(findAddressState("team/shop:80", { ...BACKEND, port: 8080 }, address), state);
  // Tenants may share the address of a load balancer, and one must not eject it for the others.
  assert.notEqual(findAddressState("other-team/shop:80", BACKEND, address), state);
  assert.notEqual(findAddressState("team/shop:80", { ...BACKEND, scheme: "https" }, address), state);
  for (let index = 0; index < 10_000; index++) createState(`many-${index}`);
  assert.notEqual(findAddressState("team/shop:80", BACKEND, address), state);
});

test("A peak of the response time has an effect at once, and the average falls with time", () => {
  const state = createState("latency");
  recordLatency(state, 10, 0);
  recordLatency(state, 200, 1000);
  assert.equal(estimateLatency(state, 1000), 200);
  recordLatency(state, 10, 1000);
  assert.equal(estimateLatency(state, 1000), 200);
  recordLatency(state, 10, 11_000);
  assert.ok(Math.abs(estimateLatency(state, 11_000) - 79.9) < 0.1);
  assert.ok(Math.abs(estimateLatency(state, 21_000) - 29.4) < 0.1);
});
