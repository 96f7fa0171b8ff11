import type { HttpRoute } from "../../../collect/gateway/http-route-model.ts";
import type { GatewayStatuses, RouteRuleProblem } from "../gateway-compilation.ts";
import type { GatewayReading } from "../judged-gateways.ts";
import { buildClassStatus } from "./class-status.ts";
import { buildGatewayStatus, buildListenerSetStatus } from "./gateway-status.ts";
import { buildRouteStatus, listCountingListeners } from "./route-status.ts";

/** Returns the statuses of all Gateway API objects of ours. `findProblems` returns the problems of a route's rules. */
export function buildGatewayStatuses(
  { classes, gateways, listenerSets, routes }: GatewayReading,
  findProblems: (route: HttpRoute) => readonly RouteRuleProblem[],
  { zones }: { readonly zones: readonly string[] },
): GatewayStatuses {
  const counts = new Map<string, number>();
  for (const judged of routes) {
    for (const key of listCountingListeners(judged, findProblems(judged.route))) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const countRoutes = (key: string) => counts.get(key) ?? 0;
  return {
    gatewayClasses: classes.map(buildClassStatus),
    gateways: gateways.map((judged) => buildGatewayStatus(judged, countRoutes)),
    listenerSets: listenerSets.map((judged) => buildListenerSetStatus(judged, countRoutes)),
    httpRoutes: routes.map((judged) => buildRouteStatus(judged, findProblems(judged.route), zones)),
  };
}
