import { compareText } from "../../../src/rules/compare-text.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { GatewayMeta } from "../../collect/gateway/http-route-model.ts";

/** Orders objects of one kind: the oldest first, names break ties. Objects without a time come last. */
export function byAge(a: GatewayMeta, b: GatewayMeta): number {
  return readCreationMs(a) - readCreationMs(b) || compareText(nameOf(a), nameOf(b));
}

function readCreationMs({ created }: GatewayMeta): number {
  const createdMs = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(createdMs) ? Number.MAX_SAFE_INTEGER : createdMs;
}
