import type { Service, ServicePort } from "../../../collect/cluster-model.ts";
import type { BackendReference } from "../../../collect/gateway/http-route-model.ts";
import type { ClusterIndex } from "../../backends/cluster-index.ts";
import { formatReference } from "../../backends/references.ts";
import { findTlsPolicy } from "../../backends/tls-policies.ts";
import type { BackendProtocol } from "../../model.ts";

/** A port of a Service that a route may use. */
export interface ReferencedPort {
  readonly ok: true;
  readonly namespace: string;
  readonly backend: { readonly name: string; readonly port: number };
  readonly protocol: BackendProtocol;
}

/** A reference that leads nowhere. Its share of the requests gets 500. */
export interface BrokenReference {
  readonly ok: false;
  readonly reason: "InvalidKind" | "RefNotPermitted" | "BackendNotFound" | "UnsupportedProtocol";
  readonly problem: string;
  readonly remedy: string;
}

/** The values of `appProtocol` with their protocols. All others mean HTTP/1.1 without TLS. */
const PROTOCOLS: ReadonlyMap<string, BackendProtocol | "unsupported"> = new Map([
  ["https", "https"],
  ["kubernetes.io/wss", "https"],
  ["kubernetes.io/h2c", "unsupported"],
  ["grpc", "unsupported"],
]);

/**
 * Follows a reference of an HTTPRoute to a port of a Service. Whether another namespace grants it comes before whether the
 * Service exists, so that a route cannot find out the names in another namespace.
 */
export function followReference(
  reference: BackendReference,
  routeNamespace: string,
  index: Pick<ClusterIndex, "service" | "isGranted" | "tlsPolicies">,
  host: string,
): ReferencedPort | BrokenReference {
  const { group, kind, name, namespace = routeNamespace, port } = reference;
  if (group !== "" || kind !== "Service")
    return broken("InvalidKind", `${kind} of group "${group}" is not a Service`, "refer to a Service with a port");
  const service = `${namespace}/${name}`;
  const referrer = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: routeNamespace };
  const target = { group: "", kind: "Service", namespace, name };
  if (namespace !== routeNamespace && !index.isGranted(formatReference(referrer, target))) {
    const problem = `Service ${service} not permitted for HTTPRoutes of namespace ${routeNamespace}`;
    return broken("RefNotPermitted", problem, `create a ReferenceGrant in namespace ${namespace}`);
  }
  const found = index.service(service);
  if (!found) return broken("BackendNotFound", `Service not found: ${service}`, "create it, or correct the name");
  const servicePort = findTcpPort(found, port);
  if (port === undefined || !servicePort)
    return broken("BackendNotFound", `port not found in Service ${service}: ${port ?? "none"}`, describePorts(found));
  const protocol = findProtocol(servicePort, index.tlsPolicies(service), host);
  if (protocol.ok) return { ok: true, namespace, backend: { name, port }, protocol: protocol.value };
  return broken("UnsupportedProtocol", `port ${port} of Service ${service}: ${protocol.problem}`, protocol.remedy);
}

function broken(reason: BrokenReference["reason"], problem: string, remedy: string): BrokenReference {
  return { ok: false, reason, problem, remedy };
}

function findTcpPort({ ports }: Service, number: number | undefined): ServicePort | undefined {
  return ports.find(({ port, protocol }) => port === number && protocol === "TCP");
}

function describePorts({ ports }: Service): string {
  const numbers = ports.filter(({ protocol }) => protocol === "TCP").map(({ port }) => port);
  return `set one of its ports: ${numbers.join(", ") || "none"}`;
}

type FoundProtocol =
  | { readonly ok: true; readonly value: BackendProtocol }
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

/** A Worker can neither bring a certificate authority, nor choose the name to verify apart from the host of the URL. */
function findProtocol(
  { name, appProtocol = "" }: ServicePort,
  policies: ReturnType<ClusterIndex["tlsPolicies"]>,
  host: string,
): FoundProtocol {
  const protocol = PROTOCOLS.get(appProtocol.toLowerCase()) ?? "http";
  if (protocol === "unsupported")
    return { ok: false, problem: `appProtocol ${appProtocol} not supported`, remedy: "serve HTTP/1.1 on the port" };
  const policy = findTlsPolicy(policies ?? [], name);
  if (!policy) return { ok: true, value: protocol };
  if (policy.usesSystemCertificates && policy.hostname === host) return { ok: true, value: "https" };
  const remedy = "set wellKnownCACertificates: System and the hostname of the route, or remove the policy";
  return { ok: false, problem: `BackendTLSPolicy ${policy.name} cannot be applied`, remedy };
}
