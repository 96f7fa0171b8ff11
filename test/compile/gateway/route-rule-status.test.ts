import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClusterIndex } from "../../../sync/compile/backends/cluster-index.ts";
import type { RouteRuleProblem } from "../../../sync/compile/gateway/gateway-compilation.ts";
import { findRouteProblems } from "../../../sync/compile/gateway/rules/route-problems.ts";
import { httpRoute, parentReference, RULE, readStatuses, sources, summarize } from "./gateway-objects.ts";

const GOOD = ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"];
const rejected = (reason: string) => [`Accepted=False ${reason}`, "ResolvedRefs=True ResolvedRefs"];
const to = (fields: Parameters<typeof parentReference>[0]) => ({ parentRefs: [parentReference(fields)] });

describe("The status of an HTTPRoute by its rules", () => {
  const problem = (fields: Partial<RouteRuleProblem>): RouteRuleProblem => ({
    condition: "ResolvedRefs",
    reason: "BackendNotFound",
    message: "Service infra/absent not found",
    field: "spec.rules[0].backendRefs[0]",
    ...fields,
  });
  const dropped = (droppedRule: number, reason: string) =>
    problem({
      condition: "Accepted",
      reason,
      droppedRule,
      field: `spec.rules[${droppedRule}]`,
      message: "unsupported",
    });
  const rows: readonly [
    situation: string,
    problems: readonly RouteRuleProblem[],
    expected: readonly string[],
    attachedRoutes: number,
  ][] = [
    [
      "with a Service that does not exist",
      [problem({})],
      ["Accepted=True Accepted", "ResolvedRefs=False BackendNotFound"],
      1,
    ],
    [
      "with a backend of an unknown kind",
      [problem({ reason: "InvalidKind" })],
      ["Accepted=True Accepted", "ResolvedRefs=False InvalidKind"],
      1,
    ],
    [
      "with a backend that is not granted",
      [problem({ reason: "RefNotPermitted" })],
      ["Accepted=True Accepted", "ResolvedRefs=False RefNotPermitted"],
      1,
    ],
    [
      "with an unsupported protocol",
      [problem({ reason: "UnsupportedProtocol" })],
      ["Accepted=True Accepted", "ResolvedRefs=False UnsupportedProtocol"],
      1,
    ],
    [
      "with one unsupported rule of two",
      [dropped(1, "UnsupportedValue")],
      ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "PartiallyInvalid=True UnsupportedValue"],
      1,
    ],
    [
      "with unsupported rules only",
      [dropped(0, "UnsupportedValue"), dropped(1, "UnsupportedValue")],
      rejected("UnsupportedValue"),
      0,
    ],
    [
      "with incompatible filters in all rules",
      [dropped(1, "IncompatibleFilters"), dropped(0, "IncompatibleFilters")],
      rejected("IncompatibleFilters"),
      0,
    ],
    [
      "with two problems of one rule",
      [dropped(0, "UnsupportedValue"), dropped(0, "IncompatibleFilters")],
      ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "PartiallyInvalid=True UnsupportedValue"],
      1,
    ],
  ];
  for (const [situation, problems, expected, attachedRoutes] of rows) {
    test(`An HTTPRoute ${situation} has the conditions of the specification`, () => {
      const objects = { httpRoutes: [httpRoute({ rules: [RULE, RULE] })] };
      const { gateways, httpRoutes } = readStatuses(sources(objects), problems);
      assert.deepEqual(summarize(httpRoutes[0]?.parents[0]?.conditions), expected);
      assert.equal(gateways[0]?.listeners[0]?.attachedRoutes, attachedRoutes);
    });
  }

  test("The message of a partially invalid route starts with the dropped rule", () => {
    const objects = { httpRoutes: [httpRoute({ rules: [RULE, RULE] })] };
    const { httpRoutes } = readStatuses(sources(objects), [dropped(1, "UnsupportedValue")]);
    assert.equal(httpRoutes[0]?.parents[0]?.conditions[2]?.message, "Dropped Rule 1: spec.rules[1]: unsupported");
  });

  test("The message of an unresolved reference names its field once", () => {
    const backend = {
      group: "",
      kind: "Service",
      name: "absent",
      namespace: undefined,
      port: 80,
      weight: 1,
      filters: [],
    };
    const route = httpRoute({ rules: [{ ...RULE, backendRefs: [backend] }] });
    const index = { service: () => undefined, isGranted: () => false, tlsPolicies: () => undefined };
    const problems = findRouteProblems(route, index as unknown as ClusterIndex); // the parts that backends need
    const { httpRoutes } = readStatuses(sources({ httpRoutes: [route] }), problems);
    assert.equal(
      httpRoutes[0]?.parents[0]?.conditions[1]?.message,
      "spec.rules[0].backendRefs[0]: Service not found: infra/absent",
    );
  });

  test("A route that is not accepted by its listeners reports its backends too", () => {
    const route = httpRoute(to({ sectionName: "other" }));
    const { httpRoutes } = readStatuses(sources({ httpRoutes: [route] }), [problem({})]);
    assert.deepEqual(summarize(httpRoutes[0]?.parents[0]?.conditions), [
      "Accepted=False NoMatchingParent",
      "ResolvedRefs=False BackendNotFound",
    ]);
  });

  test("A route with an unsupported field outside its rules is not accepted and not served", () => {
    const unsupportedFields = [{ field: "spec.useDefaultGateways", problem: "unsupported" }];
    const { gateways, httpRoutes } = readStatuses(sources({ httpRoutes: [httpRoute({ unsupportedFields })] }));
    assert.deepEqual(summarize(httpRoutes[0]?.parents[0]?.conditions), rejected("UnsupportedValue"));
    assert.equal(gateways[0]?.listeners[0]?.attachedRoutes, 0);
  });

  test("A route with a host outside the zones of the account names it", () => {
    const { httpRoutes } = readStatuses(
      sources({ httpRoutes: [httpRoute({ hostnames: ["a.example.com", "b.org"] })] }),
    );
    const conditions = httpRoutes[0]?.parents[0]?.conditions;
    assert.deepEqual(summarize(conditions), [...GOOD, "edgress.dev/HostsInZone=False HostNotInZone"]);
    assert.match(conditions?.[2]?.message ?? "", /: b\.org;/);
  });
});
