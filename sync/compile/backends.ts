import ipaddr from "ipaddr.js";
import { PROXIED_PORTS } from "../../src/rules/ports.ts";
import type { Address, Backend } from "../../src/rules/snapshot.ts";
import type { Service, ServicePort } from "../collect/cluster.ts";
import type { Reason, Subject } from "./diagnostic.ts";
import type { LookUp } from "./lookups.ts";
import type { OriginProblem } from "./origins.ts";
import { recordOf } from "./record-names.ts";
import { nameOf } from "./select.ts";

/** Each is a DNS record in every zone that needs it; and whoever writes a Service could write a hundred thousand. */
const MOST_ADDRESSES = 256;

/** A backend that was looked up: where it is reached, or why there is nothing to forward to. */
export type Resolved = { readonly notes: readonly Note[] } & (
  | { readonly ok: true; readonly id: string; readonly backend: Backend }
  | { readonly ok: false; readonly problem: string }
);

/** Something to report of a backend; of the Service itself where it says so. */
export interface Note {
  readonly reason: Reason;
  readonly problem: string;
  readonly remedy: string;
  readonly subject?: Subject;
}

export type Resolve = (
  namespace: string,
  backend: { readonly name: string; readonly port: number | string },
  protocol?: Protocol,
) => Resolved;

/** How a backend is spoken to: what backend-protocol says; http unless said. */
export type Protocol = "http" | "https" | "by port";

/** A Service, where it is reached, and what there is to say of that. */
export interface Addressed {
  readonly service: Service;
  readonly addresses: Address[];
  readonly notes: readonly Note[];
}

/** Looks backends up among Services. */
export function resolver(lookUp: LookUp): Resolve {
  return (namespace, { name, port }, protocol = "http") => {
    const full = `${namespace}/${name}`;
    const addressed = lookUp("addressed", full);
    if (!addressed) return failed("BackendNotFound", `there is no Service ${full}`, "create it, or correct the name");
    const { service } = addressed;
    const servicePort = portOf(service, port);
    if (!servicePort) {
      const ports = tcpPorts(service).map((own) => (own.name ? `${own.port} (${own.name})` : own.port));
      const remedy = `name one of its ports: ${ports.join(", ") || "it has none"}`;
      return failed("PortNotFound", `Service ${full} has no port ${port}`, remedy);
    }
    const scheme = schemeOf(protocol, servicePort.port);
    return PROXIED_PORTS[scheme].includes(servicePort.port)
      ? reached(full, addressed, servicePort.port, scheme)
      : notProxied(full, servicePort.port, scheme);
  };
}

function schemeOf(protocol: Protocol, port: number): Backend["scheme"] {
  if (protocol !== "by port") return protocol;
  return PROXIED_PORTS.https.includes(port) ? "https" : "http";
}

function notProxied(full: string, port: number, scheme: Backend["scheme"]): Resolved {
  const problem = `Cloudflare does not proxy ${scheme} on port ${port} of Service ${full}`;
  const other = scheme === "http" ? "https" : "http";
  const also = PROXIED_PORTS[other].includes(port) ? `, or set backend-protocol to ${other.toUpperCase()}` : "";
  const remedy = `give the Service one of the ports ${PROXIED_PORTS[scheme].join(", ")}${also}`;
  return failed("PortNotProxied", problem, remedy);
}

function reached(full: string, { addresses, notes }: Addressed, port: number, scheme: Backend["scheme"]): Resolved {
  if (addresses.length === 0) {
    const remedy = "set spec.externalIPs, or wait for its load balancer";
    const which = notes.some(({ reason }) => reason === "OriginRefused") ? " that may be an origin" : "";
    return failed("AddressMissing", `Service ${full} has no external address${which}`, remedy, notes);
  }
  const backend = { scheme, port, addresses };
  const portNote: Note = {
    reason: "PortInHost",
    problem: `the origin sees port ${port} in Host, since Cloudflare derives Host from the URL`,
    remedy: `read X-Forwarded-Host, or use port ${PROXIED_PORTS[scheme][0]}`,
  };
  const also = port === PROXIED_PORTS[scheme][0] ? [] : [portNote];
  return { ok: true, id: `${full}:${port}`, backend, notes: [...notes, ...also] };
}

function failed(reason: Reason, problem: string, remedy: string, also: readonly Note[] = []): Resolved {
  return { ok: false, problem, notes: [...also, { reason, problem, remedy }] };
}

/** The port by number or name; else, as in ingress-nginx, by target port, or by a number written as text. */
function portOf(service: Service, wanted: number | string): ServicePort | undefined {
  const tcp = tcpPorts(service);
  return (
    tcp.find(({ port, name }) => port === wanted || name === wanted) ??
    tcp.find(({ port, targetPort }) => targetPort === wanted || String(port) === wanted)
  );
}

function tcpPorts({ ports }: Service): ServicePort[] {
  return ports.filter(({ protocol }) => protocol === "TCP");
}

/** `spec.externalIPs`, else what `status.loadBalancer` says; of these, what may be an origin. */
export function addressesOf(service: Service, originProblem: OriginProblem): Addressed {
  const field = service.externalIPs.length > 0 ? "spec.externalIPs" : "status.loadBalancer.ingress";
  const subject = { object: `Service ${nameOf(service)}`, source: service.source, field };
  const read = writtenAddresses(service).map((address) => {
    const canonical = canonicalAddress(address, service.externalIPs.length === 0);
    return { address, canonical, refused: canonical && originProblem(service.namespace, canonical) };
  });
  const good = read.flatMap(({ canonical, refused }) => (canonical && refused === undefined ? [canonical] : []));
  const problem = `it has ${addressCount(service)} addresses, of which the first ${MOST_ADDRESSES} count`;
  const many: Note = { reason: "AddressesTooMany", problem, remedy: "leave it so, or name fewer", subject };
  return {
    service,
    addresses: [...new Set(good)].map((address) => ({ address, record: recordOf(address) })),
    notes: [
      ...(addressCount(service) > MOST_ADDRESSES ? [many] : []),
      ...read.flatMap(({ address, canonical, refused }): Note[] => {
        if (refused !== undefined) return originNotes(service, address, refused, subject);
        const problem = `expected an IP address, got "${address}"`;
        return canonical ? [] : [{ reason: "AddressInvalid", problem, remedy: "correct it", subject }];
      }),
    ],
  };
}

/** The addresses that count: `spec.externalIPs`, else the load balancer's; no more than the edge would ever try. */
export function writtenAddresses({ externalIPs, loadBalancer }: Service): readonly string[] {
  return (externalIPs.length > 0 ? externalIPs : loadBalancer).slice(0, MOST_ADDRESSES);
}

function addressCount({ externalIPs, loadBalancer }: Service): number {
  return externalIPs.length > 0 ? externalIPs.length : loadBalancer.length;
}

/** For the Service, and for the path that needs it: they may be different people's. */
function originNotes(service: Service, address: string, problem: string, subject: Subject): Note[] {
  const remedy = `give the Service another address, or ask whoever keeps the permits of edgress to add it for namespace ${service.namespace}`;
  const note = { reason: "OriginRefused", problem: `${address} may not be an origin: ${problem}`, remedy } as const;
  const ofPath = {
    ...note,
    problem: `address ${address} of Service ${nameOf(service)} may not be an origin: ${problem}`,
  };
  return [{ ...note, subject }, ofPath];
}

/** An address as it is compared and published; a name where one may stand. */
export function canonicalAddress(address: string, mayBeName: boolean): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (ipaddr.IPv6.isValid(address) && !address.includes("%")) return ipaddr.IPv6.parse(address).toString();
  return mayBeName && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(address) ? address.toLowerCase() : undefined;
}
