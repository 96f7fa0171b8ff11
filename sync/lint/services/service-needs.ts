import { type Cluster, type Ingress, type IngressBackend, nameOf, type Service } from "../../collect/cluster-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { listExternalAddresses } from "../../compile/backends/external-addresses.ts";
import { findUnproxiedPort, type UnproxiedPort } from "../../compile/backends/services.ts";
import { formatOwner, readBackendProtocol } from "../../compile/claims/claims.ts";
import { readGatewayController } from "../../compile/gateway/read-gateways.ts";
import { buildOwner } from "../../compile/gateway/rules/route-owner.ts";
import { listServiceReferences } from "../../compile/gateway/rules/route-problems.ts";
import type { BackendProtocol } from "../../compile/model.ts";
import type { Options } from "../../compile/options.ts";
import { readAnnotations } from "../../compile/select/annotations.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { selectOwnGatewayObjects } from "../input/own-gateway-objects.ts";

/** A Service that the edge cannot reach as it is. */
export interface ServiceNeed {
  readonly service: Service;
  readonly needsAddress: boolean;
  readonly unproxiedPorts: readonly UnproxiedPort[];
  /** The objects that use it: "Ingress namespace/name", "HTTPRoute namespace/name". */
  readonly users: readonly string[];
}

/** A reference of an Ingress or HTTPRoute to a Service. */
interface ServiceUse {
  readonly user: string; // "Ingress namespace/name"
  readonly service: string; // "namespace/name"
  readonly port: number | string;
  readonly protocol: BackendProtocol;
}

const SUBREQUEST_ANNOTATIONS = ["auth-url", "mirror-target"];
const SERVICE_URL = /^(https?):\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?(?:[/?$]|$)/;

/** Returns the Services of the selected Ingresses and HTTPRoutes that need an address or a port, by name. */
export function findServiceNeeds(cluster: Cluster, options: Options): ServiceNeed[] {
  const { httpRoutes } = selectOwnGatewayObjects(cluster.gateway, readGatewayController(options));
  const uses = [
    ...selectIngresses(cluster, options).flatMap(listServiceUses),
    ...httpRoutes.flatMap((route) => listRouteUses(route, cluster)),
  ];
  return cluster.services
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .flatMap((service) => {
      const serviceUses = uses.filter((use) => use.service === nameOf(service));
      const needsAddress = listExternalAddresses(service).length === 0;
      const unproxiedPorts = serviceUses.flatMap(
        ({ port, protocol }) => findUnproxiedPort(service, port, protocol) ?? [],
      );
      const isReachable = !needsAddress && unproxiedPorts.length === 0;
      if (serviceUses.length === 0 || isReachable) return [];
      const users = [...new Set(serviceUses.map(({ user }) => user))].toSorted();
      return [{ service, needsAddress, unproxiedPorts, users }];
    });
}

function listServiceUses(ingress: Ingress): ServiceUse[] {
  if (ingress.isAcmeSolver) return [];
  const annotations = readAnnotations(ingress, () => {});
  const protocol = readBackendProtocol({ ingress, annotations });
  const backends: (IngressBackend | undefined)[] = [
    ...ingress.rules.flatMap(({ paths }) => paths.map(({ backend }) => backend)),
    ingress.defaultBackend,
  ];
  const backendUses = backends.flatMap((backend): ServiceUse[] => {
    if (backend?.type !== "service") return [];
    const service = nameOf({ namespace: ingress.namespace, name: backend.name });
    return [{ user: formatOwner(ingress), service, port: backend.port, protocol }];
  });
  return [...backendUses, ...listSubrequestUses(ingress)];
}

function listRouteUses(route: HttpRoute, { services }: Pick<Cluster, "services">): ServiceUse[] {
  const owner = buildOwner(route, () => {});
  const references = route.rules.flatMap((_, index) => listServiceReferences(route, index));
  const backendUses = references.flatMap(({ name, namespace = route.namespace, port }): ServiceUse[] => {
    if (port === undefined) return [];
    const service = nameOf({ namespace, name });
    const ports = services.find((candidate) => nameOf(candidate) === service)?.ports ?? [];
    const { appProtocol = "" } = ports.find((candidate) => candidate.port === port) ?? {};
    const protocol = HTTPS_PROTOCOLS.includes(appProtocol.toLowerCase()) ? "https" : "http";
    return [{ user: formatOwner(owner), service, port, protocol }];
  });
  return [...backendUses, ...listSubrequestUses(owner)];
}

/** Values of `appProtocol` for https. */
const HTTPS_PROTOCOLS = ["https", "kubernetes.io/wss"];

/** Returns the Services of annotations. */
function listSubrequestUses(owner: Ingress): ServiceUse[] {
  const annotations = readAnnotations(owner, () => {});
  const urls = SUBREQUEST_ANNOTATIONS.flatMap((name) => owner.annotations[annotations.findKey(name) ?? ""] ?? []);
  return urls.flatMap((url) => parseServiceUrl(url, formatOwner(owner)));
}

function parseServiceUrl(url: string, user: string): ServiceUse[] {
  const [, scheme, name, namespace, port] = SERVICE_URL.exec(url.trim()) ?? [];
  if (name === undefined || namespace === undefined) return [];
  const protocol = scheme === "https" ? "https" : "http";
  return [
    {
      user,
      service: nameOf({ namespace, name }),
      port: Number(port ?? (protocol === "https" ? 443 : 80)),
      protocol,
    },
  ];
}
