import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildStatusPatch, type CurrentStatus, type LoadBalancerIngress } from "../../sync/report/status.ts";

const EDGE_ADDRESSES = ["edge.example.net"];
const ENTRY = { hostname: "edge.example.net" };

function buildObservedStatus(loadBalancer: readonly LoadBalancerIngress[], liveGeneration?: string): CurrentStatus {
  return { resourceVersion: "41", loadBalancer, liveGeneration };
}

describe("an Ingress's status", () => {
  test("gets the edge's addresses and the generation in one patch, of that very version", () => {
    assert.deepEqual(
      buildStatusPatch(buildObservedStatus([]), { generation: 12 }, ["edge.example.net", "192.0.2.7", "2001:db8::7"]),
      {
        metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "12" } },
        status: { loadBalancer: { ingress: [ENTRY, { ip: "192.0.2.7" }, { ip: "2001:db8::7" }] } },
      },
    );
  });

  test("is not written where it is so already", () => {
    assert.equal(buildStatusPatch(buildObservedStatus([ENTRY], "12"), { generation: 12 }, EDGE_ADDRESSES), undefined);
  });

  test("may have its addresses in any order, and once where they were given twice", () => {
    const addresses = ["192.0.2.7", "edge.example.net", "192.0.2.7"];
    assert.equal(
      buildStatusPatch(buildObservedStatus([ENTRY, { ip: "192.0.2.7" }], "12"), { generation: 12 }, addresses),
      undefined,
    );
  });

  test("gets a new generation alone where the addresses are right", () => {
    assert.deepEqual(buildStatusPatch(buildObservedStatus([ENTRY], "12"), { generation: 13 }, EDGE_ADDRESSES), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "13" } },
    });
  });

  test("gets other addresses alone where the generation is right", () => {
    assert.deepEqual(
      buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }], "12"), { generation: 12 }, EDGE_ADDRESSES),
      {
        metadata: { resourceVersion: "41" },
        status: { loadBalancer: { ingress: [ENTRY] } },
      },
    );
  });

  test("tells an address from a host name that is written alike", () => {
    assert.notEqual(
      buildStatusPatch(buildObservedStatus([{ hostname: "192.0.2.7" }], "12"), { generation: 12 }, ["192.0.2.7"]),
      undefined,
    );
  });

  test("keeps its addresses, whatever they are, where none are configured", () => {
    assert.deepEqual(buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }]), { generation: 12 }, []), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "12" } },
    });
    assert.deepEqual(buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }], "12"), "not-owned", []), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
    });
  });

  for (const wanted of ["not-owned", "not-served"] as const) {
    test(`is cleared where the Ingress is ${wanted} any more`, () => {
      assert.deepEqual(buildStatusPatch(buildObservedStatus([ENTRY], "12"), wanted, EDGE_ADDRESSES), {
        metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
        status: { loadBalancer: { ingress: null } },
      });
    });

    test(`keeps what another controller wrote where the Ingress is ${wanted} any more`, () => {
      assert.deepEqual(
        buildStatusPatch(buildObservedStatus([ENTRY, { ip: "192.0.2.1" }], "12"), wanted, EDGE_ADDRESSES),
        {
          metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
        },
      );
    });

    test(`is never touched where the Ingress was never ours and is ${wanted}`, () => {
      assert.equal(buildStatusPatch(buildObservedStatus([]), wanted, EDGE_ADDRESSES), undefined);
      assert.equal(buildStatusPatch(buildObservedStatus([ENTRY]), wanted, EDGE_ADDRESSES), undefined);
    });
  }
});
