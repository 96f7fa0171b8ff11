import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import ipaddr from "ipaddr.js";
import type { Address, Backend } from "../../src/rules/snapshot.ts";
import type { IngressBackend, Service, ServicePort } from "../collect/cluster.ts";
import type { Report, Subject } from "./diagnostic.ts";
import { nameOf } from "./select.ts";

// Ports of proxied DNS records; https://developers.cloudflare.com/fundamentals/reference/network-ports/.
const PROXIED_PORTS = { http: [80, 8080, 8880, 2052, 2082, 2086, 2095], https: [443, 2053, 2083, 2087, 2096, 8443] };
const OWN_PORT = { http: 80, https: 443 };
const RECORD_HASH_LENGTH = 24;

/** A backend that was looked up: where it is reached, or why there is nothing to forward to. */
export type Resolved = { readonly id: string } & (
  | { readonly ok: true; readonly backend: Backend }
  | { readonly ok: false; readonly because: string }
);

export type Resolve = (namespace: string, backend: IngressBackend & { type: "service" }, subject: Subject) => Resolved;

/** Looks backends up among Services, and reports what is missing. */
export function resolver(services: readonly Service[], report: Report): Resolve {
  const known = new Map(services.map((service) => [nameOf(service), service]));
  return (namespace, { name, port }, subject) => {
    const id = `${namespace}/${name}:${port}`;
    const fail = (reason: Parameters<Report>[0], problem: string, remedy: string): Resolved => {
      report(reason, backendSubject(subject), problem, remedy);
      return { id, ok: false, because: problem };
    };
    const service = known.get(`${namespace}/${name}`);
    if (!service)
      return fail("BackendNotFound", `there is no Service ${namespace}/${name}`, "create it, or correct the name");
    const servicePort = portOf(service, port);
    if (!servicePort) {
      const ports = tcpPorts(service).map(({ name: portName, port: number }) =>
        portName ? `${number} (${portName})` : number,
      );
      const problem = `Service ${namespace}/${name} has no port ${port}`;
      return fail("PortNotFound", problem, `name one of its ports: ${ports.join(", ") || "it has none"}`);
    }
    if (!PROXIED_PORTS.http.includes(servicePort.port)) {
      const problem = `Cloudflare does not proxy http on port ${servicePort.port} of Service ${namespace}/${name}`;
      return fail("PortNotProxied", problem, `give the Service one of the ports ${PROXIED_PORTS.http.join(", ")}`);
    }
    const addresses = addressesOf(service, report);
    if (addresses.length === 0) {
      const problem = `Service ${namespace}/${name} has no external address`;
      return fail("AddressMissing", problem, "set spec.externalIPs, or wait for its load balancer");
    }
    if (servicePort.port !== OWN_PORT.http) {
      const problem = `the origin sees port ${servicePort.port} in Host, since Cloudflare derives Host from the URL`;
      report("PortInHost", backendSubject(subject), problem, "read X-Forwarded-Host, or use port 80");
    }
    const backend = { scheme: "http" as const, port: servicePort.port, addresses };
    return { id: `${namespace}/${name}:${servicePort.port}`, ok: true, backend };
  };
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

/** A path holds its backend; a default backend is one. */
function backendSubject(subject: Subject): Subject {
  return subject.field === "spec.defaultBackend" ? subject : { ...subject, field: `${subject.field}.backend` };
}

/** `spec.externalIPs`, else what `status.loadBalancer` says. */
function addressesOf(service: Service, report: Report): Address[] {
  const field = service.externalIPs.length > 0 ? "spec.externalIPs" : "status.loadBalancer.ingress";
  const written = service.externalIPs.length > 0 ? service.externalIPs : service.loadBalancer;
  const read = written.flatMap((address) => {
    const canonical = canonicalAddress(address, field === "status.loadBalancer.ingress");
    if (canonical !== undefined) return [canonical];
    const subject = { object: `Service ${nameOf(service)}`, source: service.source, field };
    report("AddressInvalid", subject, `expected an IP address, got "${address}"`, "correct it");
    return [];
  });
  return [...new Set(read)].map((address) => ({ address, record: recordOf(address) }));
}

function canonicalAddress(address: string, mayBeName: boolean): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (ipaddr.IPv6.isValid(address) && !address.includes("%")) return ipaddr.IPv6.parse(address).toString();
  return mayBeName && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(address) ? address.toLowerCase() : undefined;
}

/** The label of the DNS record for an address. A hash, since names of load balancers are longer than a label may be. */
function recordOf(address: string): string {
  return `edgress-${bytesToHex(sha256(utf8ToBytes(address))).slice(0, RECORD_HASH_LENGTH)}`;
}
