import { nameOf } from "../../collect/cluster-model.ts";
import type { Gateway, GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import { ASSUMED_SOURCE } from "../input/object-lookup.ts";
import { listRouteParents } from "../input/own-gateway-objects.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, type IndexedObject, type ObjectIndex } from "./object-index.ts";

/** Finds Gateways without a GatewayClass, and parents of routes that belong to other controllers. */
export function findParentProblems(objects: GatewayObjects, index: ObjectIndex): Finding[] {
  const classNames = new Set(objects.gatewayClasses.map(({ name }) => name));
  return [
    ...index.gateway.gateways.filter(({ className }) => !classNames.has(className)).map(describeMissingClass),
    ...index.httpRoutes.flatMap((indexedRoute) => [
      ...findOtherParents(indexedRoute, index),
      ...findAssumedParents(indexedRoute, index),
    ]),
  ];
}

function describeMissingClass(gateway: Gateway): Finding {
  return {
    object: `Gateway ${nameOf(gateway)}`,
    source: gateway.source,
    field: "spec.gatewayClassName",
    rule: "gateway-class-not-found",
    kind: "error",
    message: `GatewayClass not found: ${gateway.className}`,
    remedy: "create the GatewayClass with the name of the controller in spec.controllerName",
  };
}

function findAssumedParents({ owner, httpRoute }: IndexedObject, { gateway }: ObjectIndex): Finding[] {
  const assumedGateways = gateway.gateways.filter(({ source }) => source === ASSUMED_SOURCE);
  const names = new Set(assumedGateways.map((object) => `Gateway ${nameOf(object)}`));
  return (httpRoute ? listRouteParents(httpRoute) : [])
    .filter(({ parent }) => names.has(parent))
    .map(({ parent, index, reference }) => ({
      ...buildLocation(owner, `spec.parentRefs[${index}]`),
      rule: "gateway-not-in-manifests",
      kind: "note",
      message: `${parent.replace("Gateway", String(reference.written.kind ?? "Gateway"))} not found: it is assumed to be of edgress, and to take the route`,
      remedy: "name its manifest too, or use --live",
    }));
}

function findOtherParents({ owner, httpRoute }: IndexedObject, { gateway }: ObjectIndex): Finding[] {
  const ownParents = new Set([
    ...gateway.gateways.map((object) => `Gateway ${nameOf(object)}`),
    ...gateway.listenerSets.map((object) => `ListenerSet ${nameOf(object)}`),
  ]);
  return (httpRoute ? listRouteParents(httpRoute) : [])
    .filter(({ parent }) => !ownParents.has(parent) && !gateway.lacksParent(parent))
    .map(({ parent, index }) => ({
      ...buildLocation(owner, `spec.parentRefs[${index}]`),
      rule: "parent-of-other-controller",
      kind: "note",
      message: `${parent} belongs to another controller; the route is not checked there`,
    }));
}
