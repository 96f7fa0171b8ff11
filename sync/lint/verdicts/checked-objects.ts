import { parseHost } from "../../../src/rules/hosts.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { ASSUMED_SOURCE } from "../input/object-lookup.ts";
import type { OwnGatewayObjects } from "../input/own-gateway-objects.ts";
import type { CheckedObject } from "./checked-object.ts";
import { checkRoute, createHostFinder } from "./checked-routes.ts";
import type { CheckedKind } from "./report.ts";

/** Lists the objects to judge: Ingresses, HTTPRoutes, and the objects that HTTPRoutes depend on. */
export function listCheckedObjects(
  ingresses: readonly Ingress[],
  { gatewayClasses, gateways, listenerSets, httpRoutes }: OwnGatewayObjects,
): CheckedObject[] {
  const findHosts = createHostFinder({ gateways, listenerSets, httpRoutes });
  const [givenGateways, givenClasses] = [gateways.filter(isGiven), gatewayClasses.filter(isGiven)];
  return [
    ...ingresses.map(checkIngress),
    ...httpRoutes.map((route) => checkRoute(route, findHosts.ofRoute(route))),
    ...givenGateways.map((gateway) => buildParent("Gateway", nameOf(gateway), findHosts.ofListeners)),
    ...listenerSets.map((listenerSet) => buildParent("ListenerSet", nameOf(listenerSet), findHosts.ofListeners)),
    ...givenClasses.map(({ name }) => buildParent("GatewayClass", name, findHosts.ofClass)),
  ];
}

/** Whether an object is not an assumed one. */
function isGiven({ source }: { readonly source: string }): boolean {
  return source !== ASSUMED_SOURCE;
}

export function checkIngress(ingress: Ingress): CheckedObject {
  const hosts = listIngressHosts(ingress);
  return {
    kind: "Ingress",
    name: nameOf(ingress),
    annotations: ingress.annotations,
    hosts,
    findPlace({ field }) {
      const [, ruleIndex, pathIndex] = /^spec\.rules\[(\d+)\](?:\.http\.paths\[(\d+)\])?/.exec(field) ?? [];
      const rule = ruleIndex === undefined ? undefined : ingress.rules[Number(ruleIndex)];
      if (!rule) return undefined;
      const host = readHostName(rule.host);
      const path = pathIndex === undefined ? "" : (rule.paths[Number(pathIndex)]?.path ?? "/");
      return { place: `${host}${path}`, hosts: [host] };
    },
    listAffectedHosts: () => hosts,
  };
}

/** `findHosts` returns the hosts of the routes that depend on an object, or on one of its listeners. */
function buildParent(
  kind: CheckedKind,
  name: string,
  findHosts: (object: string, listener: string | undefined) => readonly string[],
): CheckedObject {
  return {
    kind,
    name,
    annotations: {},
    hosts: [],
    findPlace: () => undefined,
    listAffectedHosts: ({ field }) => findHosts(`${kind} ${name}`, /^spec\.listeners\[([^\]]*)\]/.exec(field)?.[1]),
  };
}

/** Returns the hosts of an Ingress as rules name them; `*` for any host. */
function listIngressHosts({ rules, defaultBackend }: Ingress): string[] {
  const hosts = rules.map(({ host }) => readHostName(host));
  return [...new Set(hosts.length === 0 && defaultBackend ? ["*"] : hosts)];
}

function readHostName(text: string | undefined): string {
  const host = parseHost(text);
  return host.ok ? host.value : (text ?? "*");
}
