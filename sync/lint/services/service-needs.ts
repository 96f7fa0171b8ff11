import { type Cluster, type Ingress, type IngressBackend, nameOf, type Service } from "../../collect/cluster-model.ts";
import { listExternalAddresses } from "../../compile/backends/external-addresses.ts";
import { findUnproxiedPort, type UnproxiedPort } from "../../compile/backends/services.ts";
import { readBackendProtocol } from "../../compile/claims/claims.ts";
import type { BackendProtocol } from "../../compile/model.ts";
import type { Options } from "../../compile/options.ts";
import { readAnnotations } from "../../compile/select/annotations.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";

/** A Service that the edge cannot reach as it is. */
export interface ServiceNeed {
  readonly service: Service;
  readonly needsAddress: boolean;
  readonly unproxiedPorts: readonly UnproxiedPort[];
  /** "namespace/name" of the Ingresses that use it. */
  readonly ingresses: readonly string[];
}

/** A reference of an Ingress to a Service. */
interface ServiceUse {
  readonly ingress: string;
  readonly service: string; // "namespace/name"
  readonly port: number | string;
  readonly protocol: BackendProtocol;
}

const SUBREQUEST_ANNOTATIONS = ["auth-url", "mirror-target"];
const SERVICE_URL = /^(https?):\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?(?:[/?$]|$)/;

/** Returns the Services of the selected Ingresses that need an address or a port, by name. */
export function findServiceNeeds(cluster: Cluster, options: Options): ServiceNeed[] {
  const uses = selectIngresses(cluster, options).flatMap(listServiceUses);
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
      const ingresses = [...new Set(serviceUses.map(({ ingress }) => ingress))].toSorted();
      return [{ service, needsAddress, unproxiedPorts, ingresses }];
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
    return [{ ingress: nameOf(ingress), service, port: backend.port, protocol }];
  });
  const urls = SUBREQUEST_ANNOTATIONS.flatMap((name) => ingress.annotations[annotations.findKey(name) ?? ""] ?? []);
  return [...backendUses, ...urls.flatMap((url) => parseServiceUrl(url, nameOf(ingress)))];
}

function parseServiceUrl(url: string, ingress: string): ServiceUse[] {
  const [, scheme, name, namespace, port] = SERVICE_URL.exec(url.trim()) ?? [];
  if (name === undefined || namespace === undefined) return [];
  const protocol = scheme === "https" ? "https" : "http";
  return [
    {
      ingress,
      service: nameOf({ namespace, name }),
      port: Number(port ?? (protocol === "https" ? 443 : 80)),
      protocol,
    },
  ];
}
