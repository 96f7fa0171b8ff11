import { nameOf } from "../../collect/cluster-model.ts";
import type { GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import type { SourcedIndex } from "../../incremental/name-memo.ts";
import type { ClusterIndex } from "../backends/cluster-index.ts";
import type { Diagnostic } from "../diagnostics.ts";
import type { StageOptions } from "../options.ts";
import type { GatewayStatuses, HttpsListener } from "./gateway-compilation.ts";
import { listGatewayDiagnostics } from "./gateway-diagnostics.ts";
import type { GatewayMemos } from "./gateway-memos.ts";
import { listHttpsListeners } from "./https-listeners.ts";
import type { GatewayReading } from "./judged-gateways.ts";
import { findRouteProblems } from "./rules/route-problems.ts";
import { buildGatewayStatuses } from "./statuses/build-statuses.ts";

/** Returns the statuses of the Gateway API objects, and the HTTPS listeners: the same objects if nothing has changed. */
export function judgeRoutes(
  reading: GatewayReading,
  sourcedIndex: SourcedIndex<ClusterIndex>,
  { zones }: Pick<StageOptions, "zones">,
  memos: GatewayMemos,
): { readonly gateway: GatewayStatuses; readonly httpsListeners: readonly HttpsListener[] } {
  const routes = reading.routes.map(({ route }) => route);
  const problems = memos.routeProblems(routes, [], sourcedIndex, (route, index) => ({
    name: nameOf(route),
    problems: findRouteProblems(route, index),
  }));
  const gateway = memos.statuses([reading, problems, zones], () => {
    const byName = new Map(problems.map((entry) => [entry.name, entry.problems]));
    return buildGatewayStatuses(reading, (route) => byName.get(nameOf(route)) ?? [], { zones });
  });
  return { gateway, httpsListeners: memos.httpsListeners([reading], () => listHttpsListeners(reading)) };
}

/** Returns why Gateways, listeners and routes are not served: the same list if nothing has changed. */
export function readGatewayDiagnostics(
  reading: GatewayReading,
  objects: GatewayObjects,
  memos: GatewayMemos,
): readonly Diagnostic[] {
  return memos.diagnostics([reading, ...Object.values(objects)], () => listGatewayDiagnostics(reading, objects));
}
