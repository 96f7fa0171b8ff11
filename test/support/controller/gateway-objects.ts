import type { AppliedObject } from "../api-server.ts";

const API = { apiVersion: "gateway.networking.k8s.io/v1" };

export const GATEWAY_CLASS: AppliedObject = {
  ...API,
  kind: "GatewayClass",
  metadata: { name: "edgress" },
  spec: { controllerName: "edgress.dev/ingress-controller" },
};

/** Returns a Gateway with one HTTP listener. */
export function buildGatewayManifest(name: string, allowedRoutes: object = {}, namespace = "default"): AppliedObject {
  const listeners = [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes }];
  return { ...API, kind: "Gateway", metadata: { name, namespace }, spec: { gatewayClassName: "edgress", listeners } };
}

/** Returns a route of NAME.example.com to Service "shop" of its namespace. Its Gateway is "public". */
export function buildHttpRouteManifest(
  name: string,
  namespace = "default",
  gatewayNamespace = "default",
): AppliedObject {
  return {
    ...API,
    kind: "HTTPRoute",
    metadata: { name, namespace },
    spec: {
      parentRefs: [{ name: "public", namespace: gatewayNamespace }],
      hostnames: [`${name}.example.com`],
      rules: [{ backendRefs: [{ name: "shop", port: 80 }] }],
    },
  };
}

export function buildServiceOf(namespace: string): AppliedObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "shop", namespace },
    spec: { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] },
  };
}
