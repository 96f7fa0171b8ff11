import { isHttpRouteOwner } from "../../src/rules/storage/route-id.ts";
import type { HttpRouteStatus } from "../compile/gateway/gateway-compilation.ts";
import type { ClusterSide } from "./cluster-side.ts";

/** The number of HTTPRoutes by their state. */
export interface HttpRouteSummary {
  readonly accepted: number;
  /** No parent of ours accepts them. */
  readonly rejected: number;
  /** They have no parent of ours. */
  readonly ignored: number;
  readonly closed: number; // every path returns 500 or 503
  readonly waiting: number; // the published routes differ
}

/** Returns undefined if the cluster has no HTTPRoute. `closed` and `waiting` are owners of routes. */
export function summarizeHttpRoutes(
  { gatewayObjects, result }: Pick<ClusterSide, "gatewayObjects" | "result">,
  closed: readonly string[],
  waiting: readonly string[],
): HttpRouteSummary | undefined {
  const count = gatewayObjects.filter(({ subject }) => isHttpRouteOwner(subject)).length;
  if (count === 0) return undefined;
  const ours = result.compilation.gateway.httpRoutes.filter(({ parents }) => parents.length > 0);
  const accepted = ours.filter(isAccepted).length;
  return {
    accepted,
    rejected: ours.length - accepted,
    ignored: count - ours.length,
    closed: closed.filter(isHttpRouteOwner).length,
    waiting: waiting.filter(isHttpRouteOwner).length,
  };
}

function isAccepted({ parents }: HttpRouteStatus): boolean {
  return parents.some(({ conditions }) =>
    conditions.some(({ type, status }) => type === "Accepted" && status === "True"),
  );
}
