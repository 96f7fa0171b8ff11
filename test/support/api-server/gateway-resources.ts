import type { ApiResource } from "./resources.ts";

const GROUP = { group: "gateway.networking.k8s.io", version: "v1" };

/** The resources of the Gateway API, which are not served by default. */
export const GATEWAY_RESOURCES: readonly ApiResource[] = [
  { ...GROUP, plural: "gatewayclasses", kind: "GatewayClass", namespaced: false, status: {} },
  { ...GROUP, plural: "gateways", kind: "Gateway", namespaced: true, status: {} },
  { ...GROUP, plural: "listenersets", kind: "ListenerSet", namespaced: true, status: {} },
  { ...GROUP, plural: "httproutes", kind: "HTTPRoute", namespaced: true, status: {} },
  { ...GROUP, plural: "referencegrants", kind: "ReferenceGrant", namespaced: true },
  { ...GROUP, plural: "backendtlspolicies", kind: "BackendTLSPolicy", namespaced: true, status: {} },
];
