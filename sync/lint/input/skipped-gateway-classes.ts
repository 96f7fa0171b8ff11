import { nameOf } from "../../collect/cluster-model.ts";
import type { GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import type { SkippedClass } from "./class-selection.ts";
import { listRouteParents, listSetParents, type OwnGatewayObjects } from "./own-gateway-objects.ts";

/** Counts the Gateways and HTTPRoutes of other GatewayClasses, the largest class first. A class may have none. */
export function listSkippedGatewayClasses(objects: GatewayObjects, own: OwnGatewayObjects): SkippedClass[] {
  const gateways = objects.gateways.filter((gateway) => !own.gateways.includes(gateway));
  const classOfParent = new Map<string, string>(
    gateways.map((gateway) => [`Gateway ${nameOf(gateway)}`, gateway.className]),
  );
  for (const listenerSet of objects.listenerSets) {
    const className = listSetParents(listenerSet).map((parent) => classOfParent.get(parent))[0];
    if (className !== undefined) classOfParent.set(`ListenerSet ${nameOf(listenerSet)}`, className);
  }
  const classesOfRoutes = objects.httpRoutes
    .filter((route) => !own.httpRoutes.includes(route))
    .map((route) => listRouteParents(route).map(({ parent }) => classOfParent.get(parent))[0]);
  const controllers = new Map(objects.gatewayClasses.map(({ name, controllerName }) => [name, controllerName]));
  const names = [...gateways.map(({ className }) => className), ...classesOfRoutes];
  const otherClasses = objects.gatewayClasses.filter((gatewayClass) => !own.gatewayClasses.includes(gatewayClass));
  return [...new Set([...names, ...otherClasses.map(({ name }) => name)])]
    .map((name) => ({
      kind: "GatewayClass" as const,
      name,
      controller: name === undefined ? undefined : controllers.get(name),
      count: names.filter((candidate) => candidate === name).length,
    }))
    .toSorted((a, b) => b.count - a.count);
}
