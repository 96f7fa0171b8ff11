import { nameOf } from "../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../collect/gateway/gateway-fields.ts";
import type { Gateway, GatewayClass, GatewayObjects, ListenerSet } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute, ParentReference } from "../../collect/gateway/http-route-model.ts";

/** The name of a GatewayClass that belongs to edgress if no object has it. */
export const OWN_CLASS_NAME = "edgress";

const PARENT_KINDS = ["Gateway", "ListenerSet"];

/** The Gateway API objects to check: those of our GatewayClasses, valid or not, and those whose parent is missing. */
export interface OwnGatewayObjects
  extends Pick<GatewayObjects, "gatewayClasses" | "gateways" | "listenerSets" | "httpRoutes"> {
  /** Whether an object refers to a parent that does not exist. */
  readonly lacksParent: (parent: string) => boolean;
}

/** Selects the objects of the GatewayClasses with a controller's name. */
export function selectOwnGatewayObjects(objects: GatewayObjects, controller: string): OwnGatewayObjects {
  const gatewayClasses = objects.gatewayClasses.filter(({ controllerName }) => controllerName === controller);
  const gateways = objects.gateways.filter(({ className }) => isOwnClass(className, objects, gatewayClasses));
  const parents = new Set(objects.gateways.map((gateway) => `Gateway ${nameOf(gateway)}`));
  for (const listenerSet of objects.listenerSets) parents.add(`ListenerSet ${nameOf(listenerSet)}`);
  const ownParents = new Set(gateways.map((gateway) => `Gateway ${nameOf(gateway)}`));
  const lacksParent = (parent: string) => !parents.has(parent);
  const isOwnParent = (parent: string) => ownParents.has(parent) || lacksParent(parent);
  const listenerSets = objects.listenerSets.filter((set) => listSetParents(set).some(isOwnParent));
  for (const listenerSet of listenerSets) ownParents.add(`ListenerSet ${nameOf(listenerSet)}`);
  const httpRoutes = objects.httpRoutes.filter((route) => {
    return listRouteParents(route).some(({ parent }) => isOwnParent(parent));
  });
  return { gatewayClasses, gateways, listenerSets, httpRoutes, lacksParent };
}

/** A reference of a route to a Gateway or ListenerSet, and its name in findings. */
export interface RouteParent {
  readonly index: number;
  readonly reference: ParentReference;
  readonly parent: string; // "Gateway namespace/name"
}

/** Returns the Gateways and ListenerSets that a route refers to. */
export function listRouteParents({ namespace, parentRefs }: HttpRoute): RouteParent[] {
  return parentRefs.flatMap((reference, index) => {
    const parent = formatParent(reference, namespace);
    return parent === undefined ? [] : [{ index, reference, parent }];
  });
}

/** Returns the Gateway that a ListenerSet refers to, or nothing if it refers to another kind. */
export function listSetParents({ namespace, parentRef }: ListenerSet): string[] {
  const parent = formatParent(parentRef, namespace);
  return parent === undefined ? [] : [parent];
}

function formatParent({ group, kind, namespace, name }: ParentReference, ownNamespace: string): string | undefined {
  if (group !== GATEWAY_GROUP || !PARENT_KINDS.includes(kind)) return undefined;
  return `${kind} ${nameOf({ namespace: namespace ?? ownNamespace, name })}`;
}

function isOwnClass(
  className: Gateway["className"],
  { gatewayClasses }: GatewayObjects,
  ownClasses: readonly GatewayClass[],
): boolean {
  if (ownClasses.some(({ name }) => name === className)) return true;
  return className === OWN_CLASS_NAME && !gatewayClasses.some(({ name }) => name === className);
}
