import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import { mergeClusters } from "../../collect/merge-clusters.ts";
import type { Meta } from "../../collect/object-meta.ts";
import { listRouteParents, listSetParents } from "./own-gateway-objects.ts";

/** Adds the objects of a live cluster to those of manifests. An object of the manifests replaces the live one. */
export function addLiveObjects(manifests: Cluster, live: Cluster): Cluster {
  const invalidNames = new Set(manifests.invalidObjects.map((object) => `${object.kind} ${nameOf(object)}`));
  const without = <T extends Meta>(kind: string, objects: readonly T[], own: readonly T[]): T[] => {
    const ownNames = new Set(own.map(nameOf));
    return objects.filter((object) => !ownNames.has(nameOf(object)) && !invalidNames.has(`${kind} ${nameOf(object)}`));
  };
  const classNames = new Set(manifests.classes.map(({ name }) => name));
  const { gateway } = manifests;
  return mergeClusters([
    { ...manifests, gateway: { ...gateway, namespaces: dropImplied(gateway, live.gateway) } },
    {
      ...live,
      ingresses: without("Ingress", live.ingresses, manifests.ingresses),
      services: without("Service", live.services, manifests.services),
      classes: live.classes.filter(({ name }) => !classNames.has(name)),
      referenceGrants: without("ReferenceGrant", live.referenceGrants, manifests.referenceGrants),
      gateway: selectParents(gateway, {
        gatewayClasses: without("GatewayClass", live.gateway.gatewayClasses, gateway.gatewayClasses),
        gateways: without("Gateway", live.gateway.gateways, gateway.gateways),
        listenerSets: without("ListenerSet", live.gateway.listenerSets, gateway.listenerSets),
        httpRoutes: without("HTTPRoute", live.gateway.httpRoutes, gateway.httpRoutes),
        backendTlsPolicies: without("BackendTLSPolicy", live.gateway.backendTlsPolicies, gateway.backendTlsPolicies),
        namespaces: live.gateway.namespaces,
      }),
    },
  ]);
}

/** Keeps the Gateways and ListenerSets that routes refer to. Those that belong to other routes are not checked. */
function selectParents(own: GatewayObjects, live: GatewayObjects): GatewayObjects {
  const parents = new Set(own.httpRoutes.flatMap((route) => listRouteParents(route).map(({ parent }) => parent)));
  const listenerSets = live.listenerSets.filter((set) => parents.has(`ListenerSet ${nameOf(set)}`));
  for (const parent of [...own.listenerSets, ...listenerSets].flatMap(listSetParents)) parents.add(parent);
  const gateways = live.gateways.filter((gateway) => parents.has(`Gateway ${nameOf(gateway)}`));
  const classNames = new Set([...own.gateways, ...gateways].map(({ className }) => className));
  const gatewayClasses = live.gatewayClasses.filter(({ name }) => classNames.has(name));
  return { ...live, gatewayClasses, gateways, listenerSets };
}

/** Drops the namespaces that the live cluster has, unless a manifest gives them labels. */
function dropImplied(own: GatewayObjects, live: GatewayObjects): GatewayObjects["namespaces"] {
  const liveNames = new Set(live.namespaces.map(({ name }) => name));
  return own.namespaces.filter(({ name, labels }) => Object.keys(labels).length > 1 || !liveNames.has(name));
}
