import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import { nameOf, type Service, type ServicePort } from "../../collect/cluster-model.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { BackendNote, BackendProtocol, ResolvedBackend, ServiceAddresses } from "../model.ts";
import { withoutRejectedRecords } from "./rejected-records.ts";
import { describeAddressRemedy, describePortRemedy, findTargetPort } from "./service-remedies.ts";

/** A resolved backend, or the reason why the edge cannot forward to it. */
export type BackendResolution = { readonly notes: readonly BackendNote[] } & (
  | ({ readonly ok: true } & ResolvedBackend)
  | { readonly ok: false; readonly problem: string; readonly remedy: string }
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
    if (!serviceAddresses) {
      const problem = `Service not found: ${serviceName}`;
      return unresolved([{ reason: "ServiceNotFound", problem, remedy: "create it, or correct the name" }]);
    }
    const known = knownResolutions(serviceAddresses);
    const key = `${typeof port} ${port} ${protocol} ${zones.join()}`;
    const resolution = known.get(key) ?? resolveService(serviceAddresses, port, protocol, zones);
    if (resolution.ok) known.set(key, resolution); // only valid ports, which are few
    return resolution;
  };
}

// Many paths name one port of a Service, and share its resolution.
const knownResolutions = memoize((_: ServiceAddresses) => new Map<string, BackendResolution>());

function resolveService(
  serviceAddresses: ServiceAddresses,
  port: number | string,
  protocol: BackendProtocol,
  zones: readonly string[],
): BackendResolution {
  const { service } = serviceAddresses;
  const serviceName = nameOf(service);
  const { addresses, notes } = withoutRejectedRecords(serviceAddresses, zones);
  const namedPort = findPort(service, port);
  const scheme = chooseScheme(protocol, namedPort?.port);
  const servicePort = namedPort && findEdgePort(service, namedPort, scheme);
  // All problems at once, because their owner would otherwise find the second one after solving the first.
  const problems = [
    ...checkPort(service, port, servicePort, scheme),
    ...(addresses.length === 0 ? [describeMissingAddress(service, notes)] : []),
  ];
  if (servicePort === undefined || problems.length > 0) return unresolved(problems, notes);
  const portNotes = servicePort.port === PROXIED_PORTS[scheme][0] ? [] : [describeVisiblePort(servicePort, scheme)];
  return {
    ok: true,
    id: `${serviceName}:${servicePort.port}`,
    backend: { scheme, port: servicePort.port, addresses },
    notes: [...notes, ...portNotes],
  };
}

/** A port of a Service that Cloudflare does not proxy for the scheme of its Ingress. */
export interface UnproxiedPort {
  readonly servicePort: ServicePort;
  readonly scheme: Backend["scheme"];
}

/** Returns the port of a backend if the edge cannot reach it, and no other port leads to the same port of the Pods. */
export function findUnproxiedPort(
  service: Service,
  reference: number | string,
  protocol: BackendProtocol,
): UnproxiedPort | undefined {
  const namedPort = findPort(service, reference);
  if (!namedPort) return undefined;
  const scheme = chooseScheme(protocol, namedPort.port);
  const servicePort = findEdgePort(service, namedPort, scheme);
  return PROXIED_PORTS[scheme].includes(servicePort.port) ? undefined : { servicePort, scheme };
}

function chooseScheme(protocol: BackendProtocol, port: number | undefined): Backend["scheme"] {
  if (protocol !== "auto") return protocol;
  return port !== undefined && PROXIED_PORTS.https.includes(port) ? "https" : "http";
}

/**
 * Returns the port that the edge uses: the scheme's default port if it has the name for the edge and leads to the same port
 * of the Pods, because then the origin sees no port in Host. Otherwise the port itself, or a proxied one that leads there.
 */
function findEdgePort(service: Service, namedPort: ServicePort, scheme: Backend["scheme"]): ServicePort {
  const isProxied = ({ port }: ServicePort) => PROXIED_PORTS[scheme].includes(port);
  const sameTarget = listTcpPorts(service).filter((port) => findTargetPort(port) === findTargetPort(namedPort));
  const defaultPort = sameTarget.find(
    ({ name, port }) => port === PROXIED_PORTS[scheme][0] && name === `edgress-${scheme}`,
  );
  if (defaultPort) return defaultPort;
  return isProxied(namedPort) ? namedPort : (sameTarget.find(isProxied) ?? namedPort);
}

function checkPort(
  service: Service,
  reference: number | string,
  servicePort: ServicePort | undefined,
  scheme: Backend["scheme"],
): BackendNote[] {
  if (!servicePort) {
    const ports = listTcpPorts(service).map(({ name, port }) => (name ? `${port} (${name})` : port));
    const problem = `port not found in Service ${nameOf(service)}: ${reference}`;
    return [{ reason: "ServicePortNotFound", problem, remedy: `set one of its ports: ${ports.join(", ") || "none"}` }];
  }
  if (PROXIED_PORTS[scheme].includes(servicePort.port)) return [];
  const problem = `port ${servicePort.port} of Service ${nameOf(service)} not proxied by Cloudflare for ${scheme}`;
  return [{ reason: "PortNotProxied", problem, remedy: describePortRemedy(service, servicePort, scheme) }];
}

function describeMissingAddress(service: Service, notes: readonly BackendNote[]): BackendNote {
  const problem = `Service ${nameOf(service)} has no external address${describeRestriction(notes)}`;
  return { reason: "NoExternalAddress", problem, remedy: describeAddressRemedy(service) };
}

function describeVisiblePort({ port }: ServicePort, scheme: Backend["scheme"]): BackendNote {
  const defaultPort = PROXIED_PORTS[scheme][0];
  return {
    reason: "PortVisibleInHost",
    problem: `the origin sees port ${port} in Host, so its CSRF checks of Origin, signed requests and links in pages can fail`,
    remedy: `add port ${defaultPort} named edgress-${scheme} with the same targetPort to the Service, or let the origin read X-Forwarded-Host`,
  };
}

function describeRestriction(notes: readonly BackendNote[]): string {
  if (notes.some(({ reason }) => reason === "OriginNotPermitted")) return " that is permitted as an origin";
  const isRejected = notes.some(({ reason }) => reason === "DNSRecordRejected" || reason === "DNSRecordQuotaExceeded");
  return isRejected ? " with a DNS record" : "";
}

function unresolved(problems: readonly BackendNote[], otherNotes: readonly BackendNote[] = []): BackendResolution {
  return {
    ok: false,
    problem: problems.map(({ problem }) => problem).join("; "),
    remedy: problems.map(({ remedy }) => remedy).join("; "),
    notes: [...otherNotes, ...problems],
  };
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
