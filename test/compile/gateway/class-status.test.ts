import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayClass } from "../../../sync/collect/gateway/gateway-model.ts";
import { gatewayClass, readStatuses, sources, summarize } from "./gateway-objects.ts";

describe("The status of a GatewayClass", () => {
  const rows: readonly [
    situation: string,
    fields: Partial<GatewayClass>,
    version: string | undefined,
    expected: readonly string[],
  ][] = [
    ["that is valid", {}, "v1.6.1", ["Accepted=True Accepted", "SupportedVersion=True SupportedVersion"]],
    ["without a known version", {}, undefined, ["Accepted=True Accepted"]],
    [
      "with parameters",
      { parametersRef: { group: "", kind: "ConfigMap", name: "c", namespace: "x" } },
      "v1.6.1",
      ["Accepted=False InvalidParameters", "SupportedVersion=True SupportedVersion"],
    ],
    ["of an old version", {}, "v0.8.0", ["Accepted=True Accepted", "SupportedVersion=False UnsupportedVersion"]],
    ["of a later version", {}, "v1.7.0", ["Accepted=True Accepted", "SupportedVersion=False UnsupportedVersion"]],
    [
      "of a version with more digits",
      {},
      "v1.60.0",
      ["Accepted=True Accepted", "SupportedVersion=False UnsupportedVersion"],
    ],
    [
      "of a candidate of a release",
      {},
      "v1.6.0-rc.1",
      ["Accepted=True Accepted", "SupportedVersion=True SupportedVersion"],
    ],
    ["without a version", {}, "", ["Accepted=True Accepted", "SupportedVersion=False UnsupportedVersion"]],
  ];
  for (const [situation, fields, version, expected] of rows) {
    test(`A GatewayClass ${situation} has the conditions of the specification`, () => {
      const objects = {
        gatewayClasses: [gatewayClass(fields)],
        ...(version !== undefined && { bundleVersion: version }),
      };
      const { gatewayClasses } = readStatuses(sources(objects));
      assert.deepEqual(summarize(gatewayClasses[0]?.conditions), expected);
    });
  }

  test("A GatewayClass lists its features sorted, and each of them once", () => {
    const [status] = readStatuses(sources({})).gatewayClasses;
    const names = [...(status?.supportedFeatures ?? [])];
    assert.deepEqual(names, [...new Set(names)].sort());
    assert.ok(names.includes("HTTPRoute"));
    assert.ok(names.length <= 64); // the limit of the API
  });

  test("A GatewayClass of another controller gets no status", () => {
    const objects = { gatewayClasses: [gatewayClass({ controllerName: "example.com/other" })] };
    assert.deepEqual(readStatuses(sources(objects)).gatewayClasses, []);
  });
});
