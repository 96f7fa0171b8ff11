import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayListener } from "../../../sync/collect/gateway/gateway-model.ts";
import type { GatewaySources } from "../../../sync/compile/gateway/read-gateways.ts";
import { gateway, readStatuses, sources, summarize } from "./gateway-objects.ts";

export type ListenerRow = [
  situation: string,
  listener: GatewayListener,
  expected: readonly string[],
  supportedKinds: readonly string[],
  fields?: Partial<Omit<GatewaySources, "gateway">>,
];

export const GOOD = [
  "Accepted=True Accepted",
  "Programmed=True Programmed",
  "ResolvedRefs=True ResolvedRefs",
  "Conflicted=False NoConflicts",
];
export const HTTP_ROUTE = ["HTTPRoute"];

export function unresolved(reason: string): readonly string[] {
  return [
    "Accepted=True Accepted",
    "Programmed=False Invalid",
    `ResolvedRefs=False ${reason}`,
    "Conflicted=False NoConflicts",
  ];
}

/** Tests each row with a Gateway that has its listener only. */
export function testListenerRows(rows: readonly ListenerRow[]): void {
  for (const [situation, given, expected, supportedKinds, fields] of rows) {
    test(`A listener ${situation} has the conditions of the specification`, () => {
      const { gateways } = readStatuses(sources({ gateways: [gateway({ listeners: [given] })] }, fields));
      const [status] = gateways[0]?.listeners ?? [];
      assert.deepEqual(summarize(status?.conditions), expected);
      assert.deepEqual(
        status?.supportedKinds.map(({ kind }) => kind),
        supportedKinds,
      );
      assert.equal(status?.attachedRoutes, 0);
    });
  }
}
