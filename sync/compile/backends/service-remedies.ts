import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import type { Service, ServicePort } from "../../collect/cluster-model.ts";
import { listExternalAddresses } from "./external-addresses.ts";

const { http, https } = PROXIED_PORTS;
const SHARED_ADDRESS = `One address carries up to ${http.length + https.length} Services: ${http.length} http and ${https.length} https ports`;
const CLUSTER_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.|$)/;

/** Returns how a Service of its type gets an external address. */
export function describeAddressRemedy(service: Service): string {
  if (listExternalAddresses(service).length > 0)
    return "set a public address; other diagnostics have the problem of each";
  if (service.type === "ExternalName") return describeExternalNameRemedy(service.externalName ?? "");
  if (service.isHeadless)
    return "create a Service of type LoadBalancer with the same selector, and set it in the Ingress: a headless Service gets no address";
  switch (service.type) {
    case "LoadBalancer":
      return `wait for the address of its load balancer. If it stays pending, check the load balancer controller of the cluster. ${SHARED_ADDRESS}`;
    case "NodePort":
      return `set type: LoadBalancer in the Service, because Cloudflare does not proxy node ports. ${SHARED_ADDRESS}`;
    default:
      return `set type: LoadBalancer in the Service, and wait for its address. ${SHARED_ADDRESS}`;
  }
}

function describeExternalNameRemedy(externalName: string): string {
  const [, name, namespace] = CLUSTER_NAME.exec(externalName) ?? [];
  const remedy =
    name === undefined
      ? `point a DNS record of the host at ${externalName}, or redirect to it with temporal-redirect`
      : `move the path to an Ingress of namespace ${namespace} with Service ${name}`;
  return `${remedy}: an ExternalName Service has a name, not an address`;
}

/** Returns the port to add for a port that Cloudflare does not proxy. An Ingress may keep the present one. */
export function describePortRemedy(service: Service, servicePort: ServicePort, scheme: Backend["scheme"]): string {
  const otherScheme = scheme === "http" ? "https" : "http";
  const protocolHint = PROXIED_PORTS[otherScheme].includes(servicePort.port)
    ? `set backend-protocol to ${otherScheme.toUpperCase()}, or `
    : "";
  const ports = PROXIED_PORTS[scheme];
  const remedy = `add port ${findFreePort(service, scheme)} with targetPort ${findTargetPort(servicePort)} to the Service`;
  return `${protocolHint}${remedy}. Cloudflare proxies ${ports.length} ${scheme} ports of an address: ${ports.join(", ")}`;
}

/** Returns the first proxied port that the Service does not have. */
function findFreePort({ ports }: Service, scheme: Backend["scheme"]): number {
  const [defaultPort] = PROXIED_PORTS[scheme];
  return PROXIED_PORTS[scheme].find((port) => !ports.some((other) => other.port === port)) ?? defaultPort;
}

/** Returns the port of the Pods: the Service's port if targetPort is not set. */
export function findTargetPort({ port, targetPort }: ServicePort): number | string {
  return targetPort ?? port;
}
