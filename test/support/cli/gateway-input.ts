import { stringify } from "yaml";
import type { LintReport } from "../../../sync/lint/verdicts/report.ts";
import { GATEWAY_CLASS } from "../controller/gateway-objects.ts";
import { lintToJson } from "./lint-command.ts";

const API = { apiVersion: "gateway.networking.k8s.io/v1" };

export { GATEWAY_CLASS };

/** A listener for http of all namespaces, and one for https. */
export const LISTENERS = [
  { name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } },
  {
    ...{ name: "https", port: 443, protocol: "HTTPS", allowedRoutes: { namespaces: { from: "All" } } },
    tls: { options: { "edgress.dev/certificate": "cloudflare" } },
  },
];

export function buildWebGateway(listeners: readonly object[] = LISTENERS, gatewayClassName = "edgress", name = "web") {
  return { ...API, kind: "Gateway", metadata: { namespace: "infra", name }, spec: { gatewayClassName, listeners } };
}

/** Returns a route of NAME.example.com in the namespace "shop", with fields of its spec. */
export function buildWebRoute(name: string, spec: object = {}, annotations: Readonly<Record<string, string>> = {}) {
  return {
    ...{ ...API, kind: "HTTPRoute", metadata: { namespace: "shop", name, annotations } },
    spec: {
      ...{ parentRefs: [{ name: "web", namespace: "infra" }], hostnames: [`${name}.example.com`] },
      rules: [{ backendRefs: [{ name: "shop", port: 80 }] }],
      ...spec,
    },
  };
}

export const SHOP_SERVICE = {
  ...{ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "shop" } },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress: [{ ip: "203.0.113.10" }] } },
};

/** Checks objects together with the Service "shop", which comes after them. */
export function lintWithService(...objects: readonly object[]) {
  return lintToJson(["-", "--zone", "example.com"], joinManifests(...objects, SHOP_SERVICE));
}

/** Checks routes together with their class, Gateway and Service, which come before them. */
export function lintRoutes(...routes: readonly object[]) {
  const input = joinManifests(GATEWAY_CLASS, buildWebGateway(), SHOP_SERVICE, ...routes);
  return lintToJson(["-", "--zone", "example.com"], input);
}

export function joinManifests(...objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join("---\n");
}

/** Returns the findings as lines of kind, object, field, rule, message and remedy. */
export function formatFindings({ findings }: LintReport, ...kinds: readonly string[]): string[] {
  return findings
    .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
    .map(({ kind, object, field, rule, message, remedy }) => {
      return `${kind} ${object} ${field} ${rule}: ${message}${remedy === undefined ? "" : `; ${remedy}`}`;
    });
}

export function formatVerdicts({ objects }: LintReport): string[] {
  return objects.map(({ kind, name, verdict, causes }) => [kind, name, verdict, ...causes].join(" "));
}
