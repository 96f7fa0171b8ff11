import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildStatusPatch, type CurrentStatus, type LoadBalancerIngress } from "../../sync/report/status.ts";

const EDGE_ADDRESSES = ["edge.example.net"];
const ENTRY = { hostname: "edge.example.net" };

function buildObservedStatus(loadBalancer: readonly LoadBalancerIngress[], liveGeneration?: string): CurrentStatus {
  return { resourceVersion: "41", loadBalancer, liveGeneration };
}

describe("an Ingress's status", () => {
  test("A status patch has addresses and generation, and the observed resourceVersion", () => {
    assert.deepEqual(
      buildStatusPatch(buildObservedStatus([]), { generation: 12 }, ["edge.example.net", "192.0.2.7", "2001:db8::7"]),
      {
        metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "12" } },
        status: { loadBalancer: { ingress: [ENTRY, { ip: "192.0.2.7" }, { ip: "2001:db8::7" }] } },
      },
    );
  });

  test("An up-to-date status is not written", () => {
    assert.equal(buildStatusPatch(buildObservedStatus([ENTRY], "12"), { generation: 12 }, EDGE_ADDRESSES), undefined);
  });

  test("The order and duplicates of addresses do not matter", () => {
    const addresses = ["192.0.2.7", "edge.example.net", "192.0.2.7"];
    assert.equal(
      buildStatusPatch(buildObservedStatus([ENTRY, { ip: "192.0.2.7" }], "12"), { generation: 12 }, addresses),
      undefined,
    );
  });

  test("A patch has only the generation if the addresses are right", () => {
    assert.deepEqual(buildStatusPatch(buildObservedStatus([ENTRY], "12"), { generation: 13 }, EDGE_ADDRESSES), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "13" } },
    });
  });

  test("A patch has only the addresses if the generation is right", () => {
    assert.deepEqual(
      buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }], "12"), { generation: 12 }, EDGE_ADDRESSES),
      {
        metadata: { resourceVersion: "41" },
        status: { loadBalancer: { ingress: [ENTRY] } },
      },
    );
  });

  test("An IP address differs from a host name with the same text", () => {
    assert.notEqual(
      buildStatusPatch(buildObservedStatus([{ hostname: "192.0.2.7" }], "12"), { generation: 12 }, ["192.0.2.7"]),
      undefined,
    );
  });

  test("Addresses are not changed if none are configured", () => {
    assert.deepEqual(buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }]), { generation: 12 }, []), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": "12" } },
    });
    assert.deepEqual(buildStatusPatch(buildObservedStatus([{ ip: "192.0.2.1" }], "12"), "not-owned", []), {
      metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
    });
  });

  for (const wanted of ["not-owned", "not-served"] as const) {
    test(`The status of an Ingress that becomes ${wanted} is cleared`, () => {
      assert.deepEqual(buildStatusPatch(buildObservedStatus([ENTRY], "12"), wanted, EDGE_ADDRESSES), {
        metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
        status: { loadBalancer: { ingress: null } },
      });
    });

    test(`Addresses of another controller stay when the Ingress becomes ${wanted}`, () => {
      assert.deepEqual(
        buildStatusPatch(buildObservedStatus([ENTRY, { ip: "192.0.2.1" }], "12"), wanted, EDGE_ADDRESSES),
        {
          metadata: { resourceVersion: "41", annotations: { "edgress.dev/live-generation": null } },
        },
      );
    });

    test(`The status of an Ingress that is ${wanted} and has no generation is not written`, () => {
      assert.equal(buildStatusPatch(buildObservedStatus([]), wanted, EDGE_ADDRESSES), undefined);
      assert.equal(buildStatusPatch(buildObservedStatus([ENTRY]), wanted, EDGE_ADDRESSES), undefined);
    });
  }
});
