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

describe("a written Lease", () => {
  test("A new Lease has the fields that client-go writes", () => {
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

  test("An acquired Lease has a new term, and keeps the fields of other writers", () => {
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

  test("A released Lease has no holder, a duration of one second, and the same term", () => {
    const { spec } = buildReleasedLease(buildHeldLease("a"), NOON);
    assert.deepEqual([spec?.holderIdentity, spec?.leaseDurationSeconds, spec?.leaseTransitions], ["", 1, 4]);
  });

  test("Each renewal has a later time, even if the wall clock stops or goes back", () => {
    const firstRenewal = buildRenewedLease(buildHeldLease("a"), NOON);
    const secondRenewal = buildRenewedLease(firstRenewal, NOON);
    const thirdRenewal = buildRenewedLease(secondRenewal, new Date("2026-03-01T11:00:00Z"));
    assert.equal(firstRenewal.spec?.renewTime, "2026-03-01T12:00:00.250000Z");
    assert.equal(secondRenewal.spec?.renewTime, "2026-03-01T12:00:00.251000Z");
    assert.equal(thirdRenewal.spec?.renewTime, "2026-03-01T12:00:00.252000Z");
  });
});

describe("the decision on a Lease", () => {
  const cases: [title: string, observedLease: ObservedLease, isHolding: boolean, now: number, type: string][] = [
    [
      "A candidate creates a Lease that never existed",
      observeLease(undefined, undefined, 1_000),
      false,
      1_000,
      "create",
    ],
    [
      "A candidate acquires a Lease without a holder",
      observeLease(undefined, parseLease({}), 1_000),
      false,
      1_000,
      "acquire",
    ],
    [
      "A candidate acquires a released Lease",
      observeLease(undefined, buildHeldLease(""), 1_000),
      false,
      1_000,
      "acquire",
    ],
    [
      "A candidate is standby while another one holds the Lease",
      observeLease(undefined, buildHeldLease("b"), 1_000),
      false,
      15_999,
      "standby",
    ],
    [
      "A candidate acquires the expired Lease of another one",
      observeLease(undefined, buildHeldLease("b"), 1_000),
      false,
      16_000,
      "acquire",
    ],
    ["A leader renews its Lease", observeLease(undefined, buildHeldLease("a"), 1_000), true, 3_000, "renew"],
    [
      "A former leader acquires its own Lease again",
      observeLease(undefined, buildHeldLease("a"), 1_000),
      false,
      12_000,
      "acquire",
    ],
    [
      "A leader creates its deleted Lease again",
      observeLease(observeLease(undefined, buildHeldLease("a"), 1_000), undefined, 3_000),
      true,
      3_000,
      "create",
    ],
    [
      "A candidate is standby until the deleted Lease of another one expires",
      observeLease(observeLease(undefined, buildHeldLease("b"), 1), undefined, 3_000),
      false,
      17_999,
      "standby",
    ],
    [
      "A candidate creates a deleted Lease after its expiry",
      observeLease(observeLease(undefined, buildHeldLease("b"), 1), undefined, 3_000),
      false,
      18_000,
      "create",
    ],
  ];
  for (const [title, observedLease, isHolding, now, type] of cases) {
    test(title, () => assert.equal(decide(observedLease, "a", isHolding, now).type, type));
  }

  test("The expiry of a Lease is measured from its last observed change, not from the last read", () => {
    const first = observeLease(undefined, buildHeldLease("b", "7"), 1_000);
    assert.equal(observeLease(first, buildHeldLease("b", "7"), 9_000).expiresAt, 16_000);
    assert.equal(observeLease(first, buildHeldLease("b", "8"), 9_000).expiresAt, 24_000);
  });

  test("The renew time of a Lease, written by another clock, does not affect its expiry", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        const spec = { holderIdentity: "b", renewTime: date.toISOString(), leaseDurationSeconds: 15 };
        assert.equal(observeLease(undefined, parseLease(spec), 1_000).expiresAt, 16_000);
      }),
    );
  });

  test("A Lease expires after 15 s, or later if its leaseDurationSeconds is longer", () => {
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

  test("The term of a Lease grows even after its deletion", () => {
    const deletedLease = observeLease(observeLease(undefined, buildHeldLease("b"), 0), undefined, 1_000);
    assert.deepEqual(decide(deletedLease, "a", false, 60_000), { type: "create", term: 5 });
  });
});
