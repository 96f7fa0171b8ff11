import { CATCH_ALL_HOST } from "../../../src/rules/hosts.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { GatewayListener } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { intersectHostnames } from "../../compile/gateway/attachment/intersect-hostnames.ts";
import { listRouteParents, listSetParents, type OwnGatewayObjects } from "../input/own-gateway-objects.ts";
import type { CheckedObject } from "./checked-object.ts";

export function checkRoute(route: HttpRoute, hosts: readonly string[]): CheckedObject {
  return {
    kind: "HTTPRoute",
    name: nameOf(route),
    annotations: route.annotations,
    hosts,
    findPlace({ rule, field, message }) {
      if (rule === "HostNotInZone") {
        const outside = hosts.filter((host) => message.startsWith(`host ${host} `));
        return { place: outside[0] ?? field, hosts: outside };
      }
      const [, ruleIndex, matchIndex] = /^spec\.rules\[(\d+)\]\.matches\[(\d+)\]/.exec(field) ?? [];
      const path = route.rules[Number(ruleIndex)]?.matches[Number(matchIndex)]?.path.value;
      return path === undefined || hosts.length !== 1 ? undefined : { place: `${hosts[0]}${path}`, hosts };
    },
    listAffectedHosts: () => hosts,
  };
}

/** A listener of a Gateway or ListenerSet, by the name of its owner in findings. */
interface OwnedListener {
  readonly owner: string;
  readonly listener: GatewayListener;
}

export interface HostFinder {
  readonly ofRoute: (route: HttpRoute) => readonly string[];
  /** Returns the hosts of the routes of a Gateway or ListenerSet, or of one of its listeners. */
  readonly ofListeners: (owner: string, listenerName: string | undefined) => readonly string[];
  /** Returns the hosts of the routes of a GatewayClass. */
  readonly ofClass: (object: string) => readonly string[];
}

/** Creates functions that find hosts. Whether a listener is served does not matter: a route needs it to be. */
export function createHostFinder({
  gateways,
  listenerSets,
  httpRoutes,
}: Pick<OwnGatewayObjects, "gateways" | "listenerSets" | "httpRoutes">): HostFinder {
  const listeners = [
    ...gateways.flatMap((gateway) => ownListeners(`Gateway ${nameOf(gateway)}`, gateway.listeners)),
    ...listenerSets.flatMap((set) => ownListeners(`ListenerSet ${nameOf(set)}`, set.listeners)),
  ];
  const ofListeners = (owner: string, listenerName: string | undefined) => {
    const owned = listeners.filter(
      (entry) => entry.owner === owner && (listenerName === undefined || entry.listener.name === listenerName),
    );
    return unique(httpRoutes.flatMap((route) => listSharedHosts(route, owned)));
  };
  return {
    ofRoute(route) {
      const shared = unique(listSharedHosts(route, listeners));
      if (shared.length > 0) return shared;
      return route.hostnames.length > 0 ? unique(route.hostnames) : [CATCH_ALL_HOST];
    },
    ofListeners,
    ofClass(object) {
      const ownGateways = gateways.filter(({ className }) => object === `GatewayClass ${className}`);
      const names = ownGateways.map((gateway) => `Gateway ${nameOf(gateway)}`);
      const sets = listenerSets.filter((set) => listSetParents(set).some((parent) => names.includes(parent)));
      const owners = [...names, ...sets.map((set) => `ListenerSet ${nameOf(set)}`)];
      return unique(owners.flatMap((owner) => ofListeners(owner, undefined)));
    },
  };
}

function ownListeners(owner: string, listeners: readonly GatewayListener[]): OwnedListener[] {
  return listeners.map((listener) => ({ owner, listener }));
}

/** Returns the host names that a route shares with the listeners that it refers to. */
function listSharedHosts(route: HttpRoute, listeners: readonly OwnedListener[]): string[] {
  return listRouteParents(route).flatMap(({ parent, reference: { sectionName, port } }) =>
    listeners
      .filter(({ owner, listener }) => {
        const isNamed = sectionName === undefined || listener.name === sectionName;
        return owner === parent && isNamed && (port === undefined || listener.port === port);
      })
      .flatMap(({ listener }) => intersectHostnames(listener.hostname || CATCH_ALL_HOST, route.hostnames)),
  );
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
