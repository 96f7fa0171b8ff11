import { nameOf } from "../../collect/cluster-model.ts";
import type { GatewayListener } from "../../collect/gateway/gateway-model.ts";
import type { Meta } from "../../collect/object-meta.ts";
import type { Finding } from "../findings/finding.ts";
import { describeCoverage, findOwnZone } from "./certificate-coverage.ts";
import { buildIssue, type KnownContext } from "./known-issue.ts";

type Location = Pick<Finding, "object" | "field" | "source">;

/** Reports the names of HTTPS listeners, and of the routes that they take, that Universal SSL does not cover. */
export function checkGatewayCertificates({ index, zones }: KnownContext): Finding[] {
  const { gateways, listenerSets } = index.gateway;
  return [
    ...gateways.flatMap((gateway) => checkListeners("Gateway", gateway, zones)),
    ...listenerSets.flatMap((listenerSet) => checkListeners("ListenerSet", listenerSet, zones)),
    ...index.httpRoutes.flatMap(({ owner, httpRoute, paths }) => {
      const isSecured = paths.some(({ route }) => route.when?.scheme !== "http");
      return (isSecured ? (httpRoute?.hostnames ?? []) : []).flatMap((host, position) => {
        const location = { object: `HTTPRoute ${nameOf(owner)}`, source: owner.source };
        return checkName(host, { ...location, field: `spec.hostnames[${position}]` }, zones);
      });
    }),
  ];
}

interface ListenerOwner extends Meta {
  readonly listeners: readonly GatewayListener[];
}

function checkListeners(kind: string, owner: ListenerOwner, zones: readonly string[]): Finding[] {
  return owner.listeners
    .filter(({ protocol, hostname }) => protocol === "HTTPS" && hostname !== undefined && hostname !== "")
    .flatMap(({ name, hostname = "" }) => {
      const field = `spec.listeners[${name}].hostname`;
      return checkName(hostname, { object: `${kind} ${nameOf(owner)}`, source: owner.source, field }, zones);
    });
}

function checkName(host: string, location: Location, zones: readonly string[]): Finding[] {
  const problem = describeCoverage(host, zones);
  const remedy = "enable Total TLS, or order a certificate with Advanced Certificate Manager";
  if (problem !== undefined) {
    return [buildIssue(location, "certificate-not-covered", "different", problem, remedy)];
  }
  const zone = findOwnZone(host, zones);
  if (zone === undefined || !host.startsWith("*.")) return [];
  const deepName = host.replace("*", "a.b");
  const limit = `${host} matches names of several labels, such as ${deepName}; Universal SSL covers one label below ${zone.name}`;
  return [buildIssue(location, "certificate-not-covered", "note", limit, `${remedy}, if such names are used`)];
}
