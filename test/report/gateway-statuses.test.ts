import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayStatus, StatusCondition } from "../../sync/compile/gateway/gateway-compilation.ts";
import {
  holdProgrammed,
  mergeClassStatus,
  mergeGatewayStatus,
  mergeRouteStatus,
} from "../../sync/report/gateway/build-status.ts";
import { mergeConditions } from "../../sync/report/gateway/merge-conditions.ts";

const NOW = "2026-11-28T12:00:00Z";
const EARLIER = "2026-11-27T12:00:00Z";
const TIME = { generation: 3, now: NOW };
const CONTROLLER = "edgress.dev/ingress-controller";

function condition(type: string, status: StatusCondition["status"] = "True", reason = type): StatusCondition {
  return { type, status, reason, message: "" };
}

/** A condition at the API server. */
function observed(type: string, status = "True", observedGeneration = 3, lastTransitionTime = EARLIER) {
  return { type, status, reason: type, message: "", observedGeneration, lastTransitionTime };
}

function buildGateway(...conditions: readonly StatusCondition[]): GatewayStatus {
  return {
    ...{ namespace: "web", name: "public", uid: "1", generation: 3 },
    conditions,
    listeners: [{ name: "http", supportedKinds: [], attachedRoutes: 2, conditions }],
    addresses: [{ type: "Hostname", value: "public.example.com" }],
  };
}

describe("The conditions of a status", () => {
  test("get a new time with a new status only", () => {
    const merged = mergeConditions(
      [observed("Accepted", "True", 2), observed("Programmed", "False", 2)],
      [condition("Accepted"), condition("Programmed")],
      TIME,
    );
    assert.deepEqual(merged, [observed("Accepted"), observed("Programmed", "True", 3, NOW)]);
  });

  test("of other controllers stay, and ours that no longer hold are removed", () => {
    const merged = mergeConditions(
      [observed("example.com/Ready"), observed("PartiallyInvalid"), observed("edgress.dev/HostsInZone", "False")],
      [condition("Accepted")],
      TIME,
    );
    assert.deepEqual(merged, [observed("example.com/Ready"), observed("Accepted", "True", 3, NOW)]);
  });
});

describe("The limits of the API", () => {
  test("cut a long message, so that the status is not refused", () => {
    const [merged] = mergeConditions([], [{ ...condition("Accepted"), message: "ä".repeat(40_000) }], TIME);
    assert.equal(merged?.message, `${"ä".repeat(32_000)}… (40000 characters)`);
    const again = mergeConditions([merged as never], [{ ...condition("Accepted"), message: "ä".repeat(40_000) }], TIME);
    assert.deepEqual(again, [merged]);
  });

  test("leave the conditions of other controllers, and drop ours beyond eight", () => {
    const foreign = ["a", "b", "c", "d", "e", "f"].map((name) => observed(`example.com/${name}`));
    const own = ["Accepted", "ResolvedRefs", "edgress.dev/Served"].map((type) => condition(type));
    const merged = mergeConditions(foreign, own, TIME);
    assert.deepEqual(merged.slice(0, 6), foreign);
    assert.deepEqual(
      merged.slice(6).map(({ type }) => type),
      ["Accepted", "ResolvedRefs"],
    );
    assert.deepEqual(mergeConditions(merged, own, TIME), merged);
  });
});

describe("The status of a GatewayClass", () => {
  const status = {
    ...{ namespace: "", name: "edgress", uid: "1", generation: 3 },
    conditions: [condition("Accepted")],
    supportedFeatures: ["Gateway", "HTTPRoute"],
  };

  test("is written with its features, and not again", () => {
    const fields = mergeClassStatus({ conditions: [] }, status, TIME);
    assert.deepEqual(fields, {
      conditions: [observed("Accepted", "True", 3, NOW)],
      supportedFeatures: [{ name: "Gateway" }, { name: "HTTPRoute" }],
    });
    assert.equal(mergeClassStatus(fields, status, { ...TIME, now: "2026-11-29T12:00:00Z" }), undefined);
  });

  test("is not written over one for a newer generation", () => {
    assert.equal(mergeClassStatus({ conditions: [observed("Accepted", "False", 4)] }, status, TIME), undefined);
  });
});

describe("The status of a Gateway", () => {
  test("has the conditions of its listeners, and replaces the Pending of the resource definition", () => {
    const pending = {
      type: "Accepted",
      status: "Unknown",
      reason: "Pending",
      message: "",
      lastTransitionTime: EARLIER,
    };
    const fields = mergeGatewayStatus({ conditions: [pending] }, buildGateway(condition("Accepted")), TIME);
    const accepted = [observed("Accepted", "True", 3, NOW)];
    assert.deepEqual(fields, {
      conditions: accepted,
      listeners: [{ name: "http", supportedKinds: [], attachedRoutes: 2, conditions: accepted }],
      addresses: [{ type: "Hostname", value: "public.example.com" }],
    });
    assert.equal(mergeGatewayStatus(fields, buildGateway(condition("Accepted")), TIME), undefined);
  });

  test("drops a listener that was removed", () => {
    const listeners = ["http", "https"].map((name) => ({ name, conditions: [observed("Accepted")] }));
    const fields = mergeGatewayStatus({ listeners }, buildGateway(condition("Accepted")), TIME);
    assert.deepEqual(fields?.listeners, [
      { name: "http", supportedKinds: [], attachedRoutes: 2, conditions: [observed("Accepted")] },
    ]);
  });

  test("is pending while its rules are not published, unless it was programmed in this generation", () => {
    const status = buildGateway(condition("Programmed"));
    const pending = { type: "Programmed", status: "False", reason: "Pending", message: "held back" };
    const held = holdProgrammed({ conditions: [observed("Programmed", "True", 2)] }, status, "held back");
    assert.deepEqual(held.conditions, [pending]);
    assert.deepEqual(held.listeners[0]?.conditions, [pending]);
    assert.deepEqual(holdProgrammed({ conditions: [observed("Programmed")] }, status, "held back").conditions, [
      condition("Programmed"),
    ]);
  });
});

describe("The status of an HTTPRoute", () => {
  const parentRef = { name: "public", sectionName: "http" };
  const parents = [{ parentRef, conditions: [condition("Accepted")] }];
  const foreign = { parentRef: { name: "other" }, controllerName: "example.com/c", conditions: [], extra: 1 };

  test("keeps the parents of other controllers, and copies the reference as written", () => {
    const fields = mergeRouteStatus({ parents: [foreign] }, parents, TIME, CONTROLLER);
    const own = { parentRef, controllerName: CONTROLLER, conditions: [observed("Accepted", "True", 3, NOW)] };
    assert.deepEqual(fields, { parents: [foreign, own] });
    assert.equal(mergeRouteStatus({ parents: [own, foreign] }, parents, TIME, CONTROLLER), undefined);
  });

  test("is not written again after another writer changed the order of the parents", () => {
    const both = [parents[0], { parentRef: { name: "internal" }, conditions: [condition("Accepted")] }];
    const wanted = both.filter((parent) => parent !== undefined);
    const { parents: written } = mergeRouteStatus({}, wanted, TIME, CONTROLLER) as { parents: object[] };
    assert.equal(written.length, 2);
    assert.equal(mergeRouteStatus({ parents: written.toReversed() }, wanted, TIME, CONTROLLER), undefined);
  });

  test("has as many parents as the API allows, and is not written again", () => {
    const many = Array.from({ length: 31 }, (_, index) => ({ ...foreign, parentRef: { name: `other-${index}` } }));
    const wanted = ["a", "b"].map((name) => ({ parentRef: { name }, conditions: [condition("Accepted")] }));
    const fields = mergeRouteStatus({ parents: many }, wanted, TIME, CONTROLLER) as { parents: object[] };
    assert.equal(fields.parents.length, 32);
    assert.deepEqual(fields.parents.slice(0, 31), many);
    assert.equal(mergeRouteStatus(fields, wanted, TIME, CONTROLLER), undefined);
  });

  test("loses the parents of ours that are gone", () => {
    const gone = { parentRef: { name: "old" }, controllerName: CONTROLLER, conditions: [observed("Accepted")] };
    assert.deepEqual(mergeRouteStatus({ parents: [gone, foreign] }, [], TIME, CONTROLLER), { parents: [foreign] });
  });

  test("is not written if another entry is unreadable", () => {
    assert.equal(mergeRouteStatus({ parents: [{ controllerName: 7 }] }, parents, TIME, CONTROLLER), undefined);
  });

  test("of another controller alone is not touched", () => {
    assert.equal(mergeRouteStatus({ parents: [foreign] }, [], TIME, CONTROLLER), undefined);
    assert.equal(mergeRouteStatus(undefined, [], TIME, CONTROLLER), undefined);
  });
});
