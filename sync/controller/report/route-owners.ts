import { parseHost } from "../../../src/rules/hosts.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Gateway, GatewayObjects, ListenerSet } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { CompiledCluster } from "../pipeline.ts";

/** An object whose owner gets the diagnostics of routes and hosts. */
export interface RouteOwner {
  readonly object: string; // "Ingress namespace/name", "HTTPRoute namespace/name"
  readonly source: string;
  /** Returns the field that names a host. */
  readonly findHostField: (host: string) => string;
}

/** Returns the object of a name in rules, "namespace/name" or "HTTPRoute namespace/name". Undefined if it was deleted. */
export function findRouteOwner(
  { compilation, cluster }: Pick<CompiledCluster, "compilation" | "cluster">,
  name: string,
): RouteOwner | undefined {
  const ingress = compilation.ingresses.get(name);
  return ingress ? buildIngressOwner(ingress) : indexGatewayOwners(cluster.gateway).get(name);
}

/** The Gateways and ListenerSets of ours that have a host. */
export interface HostListeners {
  /** Whether the host is the address of a Gateway. The routes of its listeners did not request it. */
  readonly isAddress: boolean;
  readonly owners: readonly RouteOwner[];
}

/** Returns the Gateways and ListenerSets of ours with a host as their address or as the hostname of a listener. */
export function findHostListeners(
  { compilation, cluster }: Pick<CompiledCluster, "compilation" | "cluster">,
  host: string,
): HostListeners {
  const { gateways, listenerSets } = compilation.gateway;
  const owners = indexGatewayOwners(cluster.gateway);
  const gateway = gateways.find(({ addresses = [] }) => addresses.some(({ value }) => value === host));
  const addressOwner = gateway && owners.get(`Gateway ${nameOf(gateway)}`);
  if (addressOwner) return { isAddress: true, owners: [{ ...addressOwner, findHostField: () => ADDRESS_FIELD }] };
  const names = [
    ...gateways.map((status) => `Gateway ${nameOf(status)}`),
    ...listenerSets.map((status) => `ListenerSet ${nameOf(status)}`),
  ];
  const hasListener = (owner: RouteOwner) => owner.findHostField(host) !== LISTENERS_FIELD;
  return { isAddress: false, owners: names.flatMap((name) => owners.get(name) ?? []).filter(hasListener) };
}

/** The field of a Gateway's own host name. */
export const ADDRESS_FIELD = "spec.addresses";
const LISTENERS_FIELD = "spec.listeners";

/** Returns the field of a listener's hostname. */
export function formatListenerField(name: string): string {
  return `${LISTENERS_FIELD}[${name}].hostname`;
}

function buildIngressOwner(ingress: Ingress): RouteOwner {
  return {
    object: `Ingress ${nameOf(ingress)}`,
    source: ingress.source,
    findHostField: (host) =>
      formatIndex("spec.rules", ingress.rules.map((rule) => rule.host).findIndex(isHost(host)), ".host"),
  };
}

const indexGatewayOwners = memoize(
  ({ httpRoutes, gateways, listenerSets }: GatewayObjects): ReadonlyMap<string, RouteOwner> =>
    new Map(
      [
        ...httpRoutes.map(buildHttpRouteOwner),
        ...gateways.map((gateway) => buildListenerOwner("Gateway", gateway)),
        ...listenerSets.map((listenerSet) => buildListenerOwner("ListenerSet", listenerSet)),
      ].map((owner) => [owner.object, owner]),
    ),
);

function buildHttpRouteOwner(route: HttpRoute): RouteOwner {
  return {
    object: `HTTPRoute ${nameOf(route)}`,
    source: route.source,
    findHostField: (host) => formatIndex("spec.hostnames", route.hostnames.findIndex(isHost(host)), ""),
  };
}

function buildListenerOwner(kind: string, owner: Gateway | ListenerSet): RouteOwner {
  return {
    object: `${kind} ${nameOf(owner)}`,
    source: owner.source,
    findHostField(host) {
      const listener = owner.listeners.find(({ hostname }) => isHost(host)(hostname));
      return listener ? formatListenerField(listener.name) : LISTENERS_FIELD;
    },
  };
}

function formatIndex(field: string, index: number, suffix: string): string {
  return index < 0 ? field : `${field}[${index}]${suffix}`;
}

function isHost(host: string): (text: string | undefined) => boolean {
  return (text) => {
    const parsed = parseHost(text);
    return text !== undefined && parsed.ok && parsed.value === host;
  };
}
