import ipaddr from "ipaddr.js";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import type { Address, Backend } from "../../../src/rules/snapshot.ts";
import { nameOf, type Service, type ServicePort } from "../../collect/cluster-model.ts";
import type { Reason, Subject } from "../diagnostics.ts";
import type { IndexLookup } from "./cluster-index.ts";
import type { CheckOrigin } from "./origin-permits.ts";
import { buildRecordLabel } from "./origin-record-names.ts";

/** Each is a DNS record in every zone that needs it; and whoever writes a Service could write a hundred thousand. */
const MAX_ADDRESSES = 256;

/** A backend that was looked up: where it is reached, or why there is nothing to forward to. */
export type BackendResolution = { readonly notes: readonly BackendNote[] } & (
  | { readonly ok: true; readonly id: string; readonly backend: Backend }
  | { readonly ok: false; readonly problem: string }
);

/** Something to report of a backend; of the Service itself where it says so. */
export interface BackendNote {
  readonly reason: Reason;
  readonly problem: string;
  readonly remedy: string;
  readonly subject?: Subject;
}

export type ResolveBackend = (
  namespace: string,
  backend: { readonly name: string; readonly port: number | string },
  protocol?: BackendProtocol,
) => BackendResolution;

/** How a backend is spoken to: what backend-protocol says; http unless said. */
export type BackendProtocol = "http" | "https" | "auto";

/** A Service, where it is reached, and what there is to say of that. */
export interface ServiceAddresses {
  readonly service: Service;
  readonly addresses: Address[];
  readonly notes: readonly BackendNote[];
}

/** Looks backends up among Services. */
export function createBackendResolver(lookUp: IndexLookup): ResolveBackend {
  return (namespace, { name, port }, protocol = "http") => {
    const serviceName = `${namespace}/${name}`;
    const serviceAddresses = lookUp("serviceAddresses", serviceName);
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

/** `spec.externalIPs`, else what `status.loadBalancer` says; of these, what may be an origin. */
export function resolveAddresses(service: Service, checkOrigin: CheckOrigin): ServiceAddresses {
  const field = service.externalIPs.length > 0 ? "spec.externalIPs" : "status.loadBalancer.ingress";
  const subject = { object: `Service ${nameOf(service)}`, source: service.source, field };
  const checkedAddresses = listExternalAddresses(service).map((address) => {
    const canonicalText = canonicalizeAddress(address, service.externalIPs.length === 0);
    return {
      address,
      canonicalText,
      rejection: canonicalText && checkOrigin(service.namespace, canonicalText),
    };
  });
  const acceptedAddresses = checkedAddresses.flatMap(({ canonicalText, rejection }) =>
    canonicalText && rejection === undefined ? [canonicalText] : [],
  );
  const problem = `it has ${countAddresses(service)} addresses, of which the first ${MAX_ADDRESSES} count`;
  const tooManyAddresses: BackendNote = {
    reason: "TooManyAddresses",
    problem,
    remedy: "leave it so, or name fewer",
    subject,
  };
  return {
    service,
    addresses: [...new Set(acceptedAddresses)].map((address) => ({ address, record: buildRecordLabel(address) })),
    notes: [
      ...(countAddresses(service) > MAX_ADDRESSES ? [tooManyAddresses] : []),
      ...checkedAddresses.flatMap(({ address, canonicalText, rejection }): BackendNote[] => {
        if (rejection !== undefined) return buildOriginNotes(service, address, rejection, subject);
        const problem = `expected an IP address, got "${address}"`;
        return canonicalText ? [] : [{ reason: "InvalidExternalAddress", problem, remedy: "correct it", subject }];
      }),
    ],
  };
}

/** The addresses that count: `spec.externalIPs`, else the load balancer's; no more than the edge would ever try. */
export function listExternalAddresses({ externalIPs, loadBalancer }: Service): readonly string[] {
  return (externalIPs.length > 0 ? externalIPs : loadBalancer).slice(0, MAX_ADDRESSES);
}

function countAddresses({ externalIPs, loadBalancer }: Service): number {
  return externalIPs.length > 0 ? externalIPs.length : loadBalancer.length;
}

/** For the Service, and for the path that needs it: they may be different people's. */
function buildOriginNotes(service: Service, address: string, problem: string, subject: Subject): BackendNote[] {
  const remedy = `give the Service another address, or ask whoever keeps the permits of edgress to add it for namespace ${service.namespace}`;
  const note = {
    reason: "OriginNotPermitted",
    problem: `${address} may not be an origin: ${problem}`,
    remedy,
  } as const;
  const pathNote = {
    ...note,
    problem: `address ${address} of Service ${nameOf(service)} may not be an origin: ${problem}`,
  };
  return [{ ...note, subject }, pathNote];
}

/** An address as it is compared and published; a name where one may stand. */
export function canonicalizeAddress(address: string, allowsName: boolean): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (ipaddr.IPv6.isValid(address) && !address.includes("%")) return ipaddr.IPv6.parse(address).toString();
  return allowsName && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(address) ? address.toLowerCase() : undefined;
}
