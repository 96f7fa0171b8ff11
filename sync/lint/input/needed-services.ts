import { type Cluster, type Ingress, type IngressBackend, nameOf, type Service } from "../../collect/cluster-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { readBackendProtocol } from "../../compile/claims/claims.ts";
import { readGatewayController } from "../../compile/gateway/read-gateways.ts";
import { buildOwner } from "../../compile/gateway/rules/route-owner.ts";
import { listServiceReferences } from "../../compile/gateway/rules/route-problems.ts";
import type { Options } from "../../compile/options.ts";
import { readAnnotations } from "../../compile/select/annotations.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { matchesNamespace, type OriginPermits } from "../../permits/model.ts";
import { ASSUMED_SOURCE, type ObjectName } from "./object-lookup.ts";
import { selectOwnGatewayObjects } from "./own-gateway-objects.ts";

/** A Service that Ingresses and HTTPRoutes refer to, and the ports that they name. */
export interface NeededService extends ObjectName {
  readonly kind: "Service";
  readonly ports: readonly NeededPort[];
}

/** A port as an Ingress names it, and its number: assumed from the protocol if the Ingress has only a name. */
interface NeededPort {
  readonly name: string | undefined;
  readonly port: number;
}

/** Returns the Services that the selected Ingresses and HTTPRoutes refer to, by "namespace/name". */
export function listNeededServices(cluster: Cluster, options: Options): ReadonlyMap<string, NeededService> {
  const ingresses = selectIngresses(cluster, options);
  const { httpRoutes } = selectOwnGatewayObjects(cluster.gateway, readGatewayController(options));
  const uses = [
    ...ingresses.flatMap((ingress) => [...listBackendUses(ingress), ...listAnnotationUses(ingress)]),
    ...httpRoutes.flatMap((route) => [...listRouteUses(route), ...listAnnotationUses(buildOwner(route, () => {}))]),
  ];
  const names = [...new Map(uses.map((use) => [nameOf(use), use])).values()];
  return new Map(
    names.map(({ namespace, name }) => {
      const ports = uses.filter((use) => use.namespace === namespace && use.name === name).map(({ port }) => port);
      return [
        `${namespace}/${name}`,
        { kind: "Service", namespace, name, ports: ports.filter((port) => port !== undefined) },
      ];
    }),
  );
}

/** Builds a Service with these ports and a permitted address. */
export function buildAssumedService(
  { namespace, name }: ObjectName,
  neededPorts: readonly NeededPort[],
  permits: OriginPermits,
): Service {
  const ports = neededPorts.length > 0 ? neededPorts : [{ name: undefined, port: 80 }];
  return {
    namespace,
    name,
    source: ASSUMED_SOURCE,
    type: "LoadBalancer",
    ports: [...new Map(ports.map((port) => [`${port.name}:${port.port}`, port])).values()].map((port) => ({
      ...port,
      targetPort: undefined,
      protocol: "TCP",
    })),
    externalName: undefined,
    isHeadless: false,
    externalIPs: [],
    clusterIPs: [],
    loadBalancer: [chooseAddress(namespace, permits)],
  };
}

/** An address for documentation. */
const SAMPLE_ADDRESS = "203.0.113.10";

/** Returns an address that the namespace may use as an origin, if there is one. */
function chooseAddress(namespace: string, permits: OriginPermits): string {
  if (permits.type !== "listed") return SAMPLE_ADDRESS;
  const entries = permits.entries.filter(({ namespaces }) => matchesNamespace(namespaces, namespace));
  const [range] = entries.flatMap(({ ranges }) => ranges);
  const [name] = entries.flatMap(({ names }) => names);
  return range?.split("/")[0] ?? name?.replace("*", "any") ?? SAMPLE_ADDRESS;
}

interface ServiceUse {
  readonly namespace: string;
  readonly name: string;
  readonly port: NeededPort | undefined; // undefined for the first port
}

function listBackendUses(ingress: Ingress): ServiceUse[] {
  const protocol = readBackendProtocol({ ingress, annotations: readAnnotations(ingress, () => {}) });
  const backends = [
    ingress.defaultBackend,
    ...ingress.rules.flatMap(({ paths }) => paths.map(({ backend }) => backend)),
  ];
  return backends
    .filter((backend): backend is IngressBackend & { type: "service" } => backend?.type === "service")
    .map(({ name, port }) => ({
      namespace: ingress.namespace,
      name,
      port:
        typeof port === "number" ? { name: undefined, port } : { name: port, port: protocol === "https" ? 443 : 80 },
    }));
}

/** Returns the Services of backends, mirrors and external authentication. */
function listRouteUses(route: HttpRoute): ServiceUse[] {
  const references = route.rules.flatMap((_, index) => listServiceReferences(route, index));
  return references.map(({ name, namespace = route.namespace, port }) => ({
    namespace,
    name,
    port: port === undefined ? undefined : { name: undefined, port },
  }));
}

/** The authority of a URL in the cluster: `name.namespace.svc`, or a name of the same namespace. */
const CLUSTER_URL = /^(https?):\/\/([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?(?::(\d{1,5}))?(?:[/?$]|$)/;

function listAnnotationUses(ingress: Ingress): ServiceUse[] {
  const { findKey } = readAnnotations(ingress, () => {});
  const readText = (name: string) => ingress.annotations[findKey(name) ?? ""]?.trim() ?? "";
  const urls = ["auth-url", "mirror-target"].flatMap((name): ServiceUse[] => {
    const [, scheme, service, namespace = ingress.namespace, port] = CLUSTER_URL.exec(readText(name)) ?? [];
    if (service === undefined) return [];
    return [
      { namespace, name: service, port: { name: undefined, port: Number(port ?? (scheme === "https" ? 443 : 80)) } },
    ];
  });
  const pageService = readText("default-backend");
  return pageService === "" ? urls : [...urls, { namespace: ingress.namespace, name: pageService, port: undefined }];
}
