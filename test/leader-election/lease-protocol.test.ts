import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  buildAcquiredLease,
  buildLease,
  buildReleasedLease,
  buildRenewedLease,
  decide,
  Lease,
  type ObservedLease,
  observeLease,
} from "../../sync/leader-election/lease-protocol.ts";

const NOON = new Date("2026-03-01T12:00:00.250Z");

function parseLease(spec: object, resourceVersion = "7"): Lease {
  return Lease.parse({ metadata: { name: "edgress", resourceVersion, labels: { team: "edge" } }, spec });
}

function buildHeldLease(by: string, resourceVersion = "7"): Lease {
  return parseLease({ holderIdentity: by, leaseDurationSeconds: 15, leaseTransitions: 4 }, resourceVersion);
}

describe("what a Lease says", () => {
  test("a new one is written as client-go writes it", () => {
    assert.deepEqual(buildLease("edgress", "lease", "pod-1_a", 0, NOON), {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "edgress", name: "lease" },
      spec: {
        holderIdentity: "pod-1_a",
        leaseDurationSeconds: 15,
        acquireTime: "2026-03-01T12:00:00.250000Z",
        renewTime: "2026-03-01T12:00:00.250000Z",
        leaseTransitions: 0,
      },
    });
  });

  test("who takes one begins a new term, and keeps what others wrote there", () => {
    const lease = buildAcquiredLease(
      parseLease({ holderIdentity: "b", leaseTransitions: 4, strategy: "x" }),
      "a",
      NOON,
    );
    assert.deepEqual(lease, {
      metadata: { name: "edgress", resourceVersion: "7", labels: { team: "edge" } },
      spec: {
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        acquireTime: "2026-03-01T12:00:00.250000Z",
        renewTime: "2026-03-01T12:00:00.250000Z",
        leaseTransitions: 5,
        strategy: "x",
      },
    });
  });

  test("who gives one back leaves no name, one second, and the term", () => {
    const { spec } = buildReleasedLease(buildHeldLease("a"), NOON);
    assert.deepEqual([spec?.holderIdentity, spec?.leaseDurationSeconds, spec?.leaseTransitions], ["", 1, 4]);
  });

  test("a renewal always differs, even where the time of day stands still or goes back", () => {
    const once = buildRenewedLease(buildHeldLease("a"), NOON);
    const twice = buildRenewedLease(once, NOON);
    const back = buildRenewedLease(twice, new Date("2026-03-01T11:00:00Z"));
    assert.equal(once.spec?.renewTime, "2026-03-01T12:00:00.250000Z");
    assert.equal(twice.spec?.renewTime, "2026-03-01T12:00:00.251000Z");
    assert.equal(back.spec?.renewTime, "2026-03-01T12:00:00.252000Z");
  });
});

describe("deciding on a Lease", () => {
  const cases: [sentence: string, observedLease: ObservedLease, isHolding: boolean, now: number, type: string][] = [
    ["none was ever there: create it", observeLease(undefined, undefined, 1_000), false, 1_000, "create"],
    ["nobody holds it: take it", observeLease(undefined, parseLease({}), 1_000), false, 1_000, "acquire"],
    ["it was given back: take it", observeLease(undefined, buildHeldLease(""), 1_000), false, 1_000, "acquire"],
    ["another holds it: stand by", observeLease(undefined, buildHeldLease("b"), 1_000), false, 15_999, "standby"],
    ["another has lost it: take it", observeLease(undefined, buildHeldLease("b"), 1_000), false, 16_000, "acquire"],
    ["we lead: renew it", observeLease(undefined, buildHeldLease("a"), 1_000), true, 3_000, "renew"],
    ["we led: take it anew", observeLease(undefined, buildHeldLease("a"), 1_000), false, 12_000, "acquire"],
    [
      "deleted under us: create it",
      observeLease(observeLease(undefined, buildHeldLease("a"), 1_000), undefined, 3_000),
      true,
      3_000,
      "create",
    ],
    [
      "deleted under another: stand by",
      observeLease(observeLease(undefined, buildHeldLease("b"), 1), undefined, 3_000),
      false,
      17_999,
      "standby",
    ],
    [
      "gone for long: create it",
      observeLease(observeLease(undefined, buildHeldLease("b"), 1), undefined, 3_000),
      false,
      18_000,
      "create",
    ],
  ];
  for (const [sentence, observedLease, isHolding, now, type] of cases) {
    test(sentence, () => assert.equal(decide(observedLease, "a", isHolding, now).type, type));
  }

  test("a holder's time counts from when we saw its record change, not from when we looked", () => {
    const first = observeLease(undefined, buildHeldLease("b", "7"), 1_000);
    assert.equal(observeLease(first, buildHeldLease("b", "7"), 9_000).expiresAt, 16_000);
    assert.equal(observeLease(first, buildHeldLease("b", "8"), 9_000).expiresAt, 24_000);
  });

  test("what a record says of times is by another's clock, and counts for nothing", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        const spec = { holderIdentity: "b", renewTime: date.toISOString(), leaseDurationSeconds: 15 };
        assert.equal(observeLease(undefined, parseLease(spec), 1_000).expiresAt, 16_000);
      }),
    );
  });

  test("a holder has at least the lease's time, whatever the record says, and more where it says so", () => {
    assert.equal(
      observeLease(undefined, parseLease({ holderIdentity: "b", leaseDurationSeconds: 1 }), 0).expiresAt,
      15_000,
    );
    assert.equal(
      observeLease(undefined, parseLease({ holderIdentity: "b", leaseDurationSeconds: 60 }), 0).expiresAt,
      60_000,
    );
    assert.equal(observeLease(undefined, parseLease({ holderIdentity: "b" }), 0).expiresAt, 15_000);
  });

  test("terms only grow, even where the Lease was deleted", () => {
    const deletedLease = observeLease(observeLease(undefined, buildHeldLease("b"), 0), undefined, 1_000);
    assert.deepEqual(decide(deletedLease, "a", false, 60_000), { type: "create", term: 5 });
  });
});
