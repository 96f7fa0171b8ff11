import type { Secret } from "../../../sync/collect/cluster-model.ts";
import type {
  Gateway,
  GatewayClass,
  GatewayListener,
  GatewayObjects,
  ListenerSet,
  ListenerTls,
} from "../../../sync/collect/gateway/gateway-model.ts";
import type { HttpRoute, ParentReference, TargetReference } from "../../../sync/collect/gateway/http-route-model.ts";
import type {
  GatewayStatuses,
  RouteRuleProblem,
  StatusCondition,
} from "../../../sync/compile/gateway/gateway-compilation.ts";
import { type GatewaySources, readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import { buildGatewayStatuses } from "../../../sync/compile/gateway/statuses/build-statuses.ts";

const CONTROLLER = "edgress.dev/ingress";
const GROUP = "gateway.networking.k8s.io";
export const OPTIONS = { controller: CONTROLLER, zones: ["example.com"] };

const META = { source: "test", uid: undefined, generation: 3, created: undefined };

export function gatewayClass(fields: Partial<GatewayClass> = {}): GatewayClass {
  return { ...META, namespace: "", name: "edge", controllerName: CONTROLLER, parametersRef: undefined, ...fields };
}

/** A Gateway `infra/web` with one HTTP listener for any host. */
export function gateway(fields: Partial<Gateway> = {}): Gateway {
  return {
    ...META,
    namespace: "infra",
    name: "web",
    className: "edge",
    annotations: {},
    listeners: [listener()],
    addresses: [],
    infrastructureParametersRef: undefined,
    allowedListenerSets: { from: "None" },
    ...fields,
  };
}

/** A listener `http` for routes of all namespaces. */
export function listener(fields: Partial<GatewayListener> = {}): GatewayListener {
  return {
    name: "http",
    hostname: undefined,
    port: 80,
    protocol: "HTTP",
    tls: undefined,
    allowedNamespaces: { from: "All" },
    allowedKinds: undefined,
    ...fields,
  };
}

/** A listener `https` with the certificate of Secret `cert`. */
export function httpsListener(fields: Partial<GatewayListener> = {}): GatewayListener {
  return listener({ name: "https", port: 443, protocol: "HTTPS", tls: tls([secretReference("cert")]), ...fields });
}

export function tls(certificateRefs: readonly TargetReference[], fields: Partial<ListenerTls> = {}): ListenerTls {
  return { mode: "Terminate", certificateRefs, options: {}, ...fields };
}

export function secretReference(name: string, namespace?: string): TargetReference {
  return { group: "", kind: "Secret", name, namespace };
}

export function listenerSet(name: string, fields: Partial<ListenerSet> = {}): ListenerSet {
  return {
    ...META,
    namespace: "infra",
    name,
    parentRef: parentReference(),
    listeners: [listener({ hostname: `${name}.example.com` })],
    ...fields,
  };
}

/** A Secret with a certificate and a key in PEM. */
export function tlsSecret(namespace = "infra", name = "cert"): Secret {
  const data = {
    "tls.crt": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIB\n-----END CERTIFICATE-----\n",
    "tls.key": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\n-----END PRIVATE KEY-----\n",
  };
  return { namespace, name, source: "test", type: "kubernetes.io/tls", data };
}

/** A reference to Gateway `infra/web`. */
export function parentReference(fields: Partial<Omit<ParentReference, "written">> = {}): ParentReference {
  const reference = {
    group: GROUP,
    kind: "Gateway",
    namespace: "infra",
    name: "web",
    sectionName: undefined,
    port: undefined,
    ...fields,
  };
  return { ...reference, written: JSON.parse(JSON.stringify(reference)) };
}

/** An HTTPRoute `infra/route` of one rule, with Gateway `infra/web` as its parent. */
export function httpRoute(fields: Partial<HttpRoute> = {}): HttpRoute {
  return {
    ...META,
    namespace: "infra",
    name: "route",
    annotations: {},
    parentRefs: [parentReference()],
    hostnames: [],
    rules: [RULE],
    unsupportedFields: [],
    ...fields,
  };
}

export const RULE: HttpRoute["rules"][number] = {
  name: undefined,
  matches: [{ path: { type: "PathPrefix", value: "/" }, method: undefined, headers: [], queryParams: [] }],
  filters: [],
  backendRefs: [],
  timeouts: { request: undefined, backendRequest: undefined },
  retry: undefined,
  sessionPersistence: undefined,
};

/** A cluster with the accepted class `edge`, and Secret `infra/cert`. */
export function sources(
  objects: Partial<GatewayObjects>,
  fields: Partial<Omit<GatewaySources, "gateway">> = {},
): GatewaySources {
  return {
    gateway: {
      gatewayClasses: [gatewayClass()],
      gateways: [gateway()],
      listenerSets: [],
      httpRoutes: [],
      backendTlsPolicies: [],
      namespaces: [],
      ...objects,
    },
    secrets: [tlsSecret()],
    referenceGrants: [],
    unreadableReferences: [],
    certificates: "known",
    ...fields,
  };
}

/** Returns the statuses of a cluster. All routes have the same problems. */
export function readStatuses(cluster: GatewaySources, problems: readonly RouteRuleProblem[] = []): GatewayStatuses {
  return buildGatewayStatuses(readGateways(cluster, OPTIONS), () => problems, OPTIONS);
}

/** Returns conditions without messages: `"Accepted=False UnsupportedProtocol"`. */
export function summarize(conditions: readonly StatusCondition[] | undefined): readonly string[] {
  return (conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}
