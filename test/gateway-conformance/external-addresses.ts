import { ApiError, type KubernetesClient } from "../../sync/kubernetes/client.ts";
import type { RunningPod } from "./local-node.ts";
import type { EndpointSliceObject, ServiceObject } from "./watch-objects.ts";

/** The port on which the suite's Pods serve HTTP. Their other servers speak protocols that no Worker can send. */
const POD_PORT = 3000;

/** A Service port besides 80 shows in the Host header of an origin. */
const EDGE_PORT = { name: "edgress-http", protocol: "TCP", port: 80, targetPort: POD_PORT };

/**
 * Changes Services as their operator must: one external address for each Pod, because the edge cannot reach the addresses of
 * Pods, and port 80 for the port of the Pods, because the suite expects the client's Host at the origin.
 */
export function createExternalAddresses(
  api: KubernetesClient,
  forward: (address: string, targetAddress: string) => void,
) {
  const addresses = new Map<string, string>();
  const findAddress = (service: string, pod: RunningPod) => {
    const key = `${service} ${pod.namespace}/${pod.name}`;
    const address = addresses.get(key) ?? formatTestAddress(addresses.size);
    addresses.set(key, address);
    return address;
  };
  const forwardPort = (service: ServiceObject, pod: RunningPod): string => {
    const address = findAddress(`${service.metadata.namespace}/${service.metadata.name}`, pod);
    forward(`${address}:${EDGE_PORT.port}`, `127.0.0.1:${pod.server.port}`);
    return address;
  };
  return async (
    services: readonly ServiceObject[],
    endpointSlices: readonly EndpointSliceObject[],
    pods: readonly RunningPod[],
  ): Promise<void> => {
    for (const service of services) {
      const externalIPs = selectPods(service, endpointSlices, pods).map((pod) => forwardPort(service, pod));
      const ports = addEdgePort(service);
      if (ports || externalIPs.join() !== service.spec.externalIPs.join())
        await patchService(api, service, { externalIPs, ...(ports && { ports }) });
    }
  };
}

/** Returns the ports with port 80, or undefined if the Service has it or has no port of HTTP. */
function addEdgePort({ spec: { ports } }: ServiceObject): object[] | undefined {
  const isMissing = ports.some(({ targetPort }) => targetPort === POD_PORT) && !ports.some(({ port }) => port === 80);
  // Each of several ports needs a name.
  return isMissing ? [...ports.map((port, index) => ({ name: `port-${index}`, ...port })), EDGE_PORT] : undefined;
}

/** Returns the Pods of a Service, selected by labels or else by the EndpointSlices that a user wrote. */
function selectPods(
  { metadata: { namespace, name }, spec: { selector } }: ServiceObject,
  endpointSlices: readonly EndpointSliceObject[],
  pods: readonly RunningPod[],
): RunningPod[] {
  const localPods = pods.filter((pod) => pod.namespace === namespace);
  if (selector)
    return localPods.filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value));
  const ownSlices = endpointSlices.filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.labels["kubernetes.io/service-name"] === name,
  );
  const endpoints = new Set(ownSlices.flatMap((slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses)));
  return localPods.filter(({ address }) => endpoints.has(address));
}

async function patchService(
  api: KubernetesClient,
  { metadata: { namespace, name } }: ServiceObject,
  spec: object,
): Promise<void> {
  try {
    await api.patch(`/api/v1/namespaces/${namespace}/services/${name}`, { spec });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error; // a test has deleted it
  }
}

/** Returns an address of the blocks for documentation (RFC 5737). The local edge forwards it to loopback. */
function formatTestAddress(index: number): string {
  const blocks = ["203.0.113", "198.51.100", "192.0.2"];
  return `${blocks[Math.floor(index / 254)]}.${(index % 254) + 1}`;
}
