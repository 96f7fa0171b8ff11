import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import type { Service, ServicePort } from "../../collect/cluster-model.ts";
import type { Reason } from "../diagnostics.ts";
import type { BackendNote, BackendProtocol, ResolvedBackend, ServiceAddresses } from "../model.ts";

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

/** Looks backends up among Services. */
export function createBackendResolver(
  findAddresses: (serviceName: string) => ServiceAddresses | undefined,
): ResolveBackend {
  return (namespace, { name, port }, protocol = "http") => {
    const serviceName = `${namespace}/${name}`;
    const serviceAddresses = findAddresses(serviceName);
    if (!serviceAddresses)
      return unresolved("ServiceNotFound", `there is no Service ${serviceName}`, "create it, or correct the name");
    const { service } = serviceAddresses;
    const servicePort = findPort(service, port);
    if (!servicePort) {
      const ports = listTcpPorts(service).map((candidate) =>
        candidate.name ? `${candidate.port} (${candidate.name})` : candidate.port,
      );
      const remedy = `name one of its ports: ${ports.join(", ") || "it has none"}`;
      return unresolved("ServicePortNotFound", `Service ${serviceName} has no port ${port}`, remedy);
    }
    const scheme = chooseScheme(protocol, servicePort.port);
    return PROXIED_PORTS[scheme].includes(servicePort.port)
      ? resolved(serviceName, serviceAddresses, servicePort.port, scheme)
      : portNotProxied(serviceName, servicePort.port, scheme);
  };
}

function chooseScheme(protocol: BackendProtocol, port: number): Backend["scheme"] {
  if (protocol !== "auto") return protocol;
  return PROXIED_PORTS.https.includes(port) ? "https" : "http";
}

function portNotProxied(serviceName: string, port: number, scheme: Backend["scheme"]): BackendResolution {
  const problem = `Cloudflare does not proxy ${scheme} on port ${port} of Service ${serviceName}`;
  const otherScheme = scheme === "http" ? "https" : "http";
  const protocolHint = PROXIED_PORTS[otherScheme].includes(port)
    ? `, or set backend-protocol to ${otherScheme.toUpperCase()}`
    : "";
  const remedy = `give the Service one of the ports ${PROXIED_PORTS[scheme].join(", ")}${protocolHint}`;
  return unresolved("PortNotProxied", problem, remedy);
}

function resolved(
  serviceName: string,
  { addresses, notes }: ServiceAddresses,
  port: number,
  scheme: Backend["scheme"],
): BackendResolution {
  if (addresses.length === 0) {
    const remedy = "set spec.externalIPs, or wait for its load balancer";
    const restriction = notes.some(({ reason }) => reason === "OriginNotPermitted") ? " that may be an origin" : "";
    return unresolved(
      "NoExternalAddress",
      `Service ${serviceName} has no external address${restriction}`,
      remedy,
      notes,
    );
  }
  const backend = { scheme, port, addresses };
  const portNote: BackendNote = {
    reason: "PortVisibleInHost",
    problem: `the origin sees port ${port} in Host, since Cloudflare derives Host from the URL`,
    remedy: `read X-Forwarded-Host, or use port ${PROXIED_PORTS[scheme][0]}`,
  };
  const portNotes = port === PROXIED_PORTS[scheme][0] ? [] : [portNote];
  return { ok: true, id: `${serviceName}:${port}`, backend, notes: [...notes, ...portNotes] };
}

function unresolved(
  reason: Reason,
  problem: string,
  remedy: string,
  otherNotes: readonly BackendNote[] = [],
): BackendResolution {
  return { ok: false, problem, notes: [...otherNotes, { reason, problem, remedy }] };
}

/** The port by number or name; else, as in ingress-nginx, by target port, or by a number written as text. */
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
