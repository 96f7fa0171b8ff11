import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import type { Service, ServicePort } from "../../collect/cluster-model.ts";
import type { Reason } from "../diagnostic-reasons.ts";
import type { BackendNote, BackendProtocol, ResolvedBackend, ServiceAddresses } from "../model.ts";
import { withoutRejectedRecords } from "./rejected-records.ts";

/** A resolved backend, or the reason why the edge cannot forward to it. */
export type BackendResolution = { readonly notes: readonly BackendNote[] } & (
  | ({ readonly ok: true } & ResolvedBackend)
  | { readonly ok: false; readonly problem: string }
);

export type ResolveBackend = (
  namespace: string,
  backend: { readonly name: string; readonly port: number | string },
  protocol?: BackendProtocol,
) => BackendResolution;

/**
 * Returns a function that resolves an Ingress backend to a Service's addresses. `zones` are those in which requests may
 * arrive.
 */
export function createBackendResolver(
  findAddresses: (serviceName: string) => ServiceAddresses | undefined,
  zones: readonly string[],
): ResolveBackend {
  return (namespace, { name, port }, protocol = "http") => {
    const serviceName = `${namespace}/${name}`;
    const serviceAddresses = findAddresses(serviceName);
    if (!serviceAddresses)
      return unresolved("ServiceNotFound", `Service not found: ${serviceName}`, "create it, or correct the name");
    const { service } = serviceAddresses;
    const servicePort = findPort(service, port);
    if (!servicePort) {
      const ports = listTcpPorts(service).map((candidate) =>
        candidate.name ? `${candidate.port} (${candidate.name})` : candidate.port,
      );
      const remedy = `set one of its ports: ${ports.join(", ") || "none"}`;
      return unresolved("ServicePortNotFound", `port not found in Service ${serviceName}: ${port}`, remedy);
    }
    const scheme = chooseScheme(protocol, servicePort.port);
    return PROXIED_PORTS[scheme].includes(servicePort.port)
      ? resolved(serviceName, withoutRejectedRecords(serviceAddresses, zones), servicePort.port, scheme)
      : portNotProxied(serviceName, servicePort.port, scheme);
  };
}

function chooseScheme(protocol: BackendProtocol, port: number): Backend["scheme"] {
  if (protocol !== "auto") return protocol;
  return PROXIED_PORTS.https.includes(port) ? "https" : "http";
}

function portNotProxied(serviceName: string, port: number, scheme: Backend["scheme"]): BackendResolution {
  const problem = `port ${port} of Service ${serviceName} not proxied by Cloudflare for ${scheme}`;
  const otherScheme = scheme === "http" ? "https" : "http";
  const protocolHint = PROXIED_PORTS[otherScheme].includes(port)
    ? `, or set backend-protocol to ${otherScheme.toUpperCase()}`
    : "";
  const remedy = `use one of the ports ${PROXIED_PORTS[scheme].join(", ")} in the Service${protocolHint}`;
  return unresolved("PortNotProxied", problem, remedy);
}

function resolved(
  serviceName: string,
  { addresses, notes }: Pick<ServiceAddresses, "addresses" | "notes">,
  port: number,
  scheme: Backend["scheme"],
): BackendResolution {
  if (addresses.length === 0) {
    const remedy = "set spec.externalIPs, or wait for its load balancer";
    const restriction = describeRestriction(notes);
    return unresolved(
      "NoExternalAddress",
      `Service ${serviceName} has no external address${restriction}`,
      remedy,
      notes,
    );
  }
  const backend = { scheme, port, addresses };
  const defaultPort = PROXIED_PORTS[scheme][0];
  const portNote: BackendNote = {
    reason: "PortVisibleInHost",
    problem: `the origin sees port ${port} in Host, so its CSRF checks of Origin, signed requests and links in pages can fail`,
    remedy: `add port ${defaultPort} with the same targetPort to the Service and use it, or let the origin read X-Forwarded-Host`,
  };
  const portNotes = port === defaultPort ? [] : [portNote];
  return { ok: true, id: `${serviceName}:${port}`, backend, notes: [...notes, ...portNotes] };
}

function describeRestriction(notes: readonly BackendNote[]): string {
  if (notes.some(({ reason }) => reason === "OriginNotPermitted")) return " that is permitted as an origin";
  const isRejected = notes.some(({ reason }) => reason === "DNSRecordRejected" || reason === "DNSRecordQuotaExceeded");
  return isRejected ? " with a DNS record" : "";
}

function unresolved(
  reason: Reason,
  problem: string,
  remedy: string,
  otherNotes: readonly BackendNote[] = [],
): BackendResolution {
  return { ok: false, problem, notes: [...otherNotes, { reason, problem, remedy }] };
}

/** Finds a port by number or name; else, as in ingress-nginx, by target port or by a number in a string. */
function findPort(service: Service, portReference: number | string): ServicePort | undefined {
  const candidates = listTcpPorts(service);
  return (
    candidates.find(({ port, name }) => port === portReference || name === portReference) ??
    candidates.find(({ port, targetPort }) => targetPort === portReference || String(port) === portReference)
  );
}

function listTcpPorts({ ports }: Service): ServicePort[] {
  return ports.filter(({ protocol }) => protocol === "TCP");
}
