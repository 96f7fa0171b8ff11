import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type ConfigMap, nameOf, type Secret, type Service } from "../../collect/cluster-model.ts";
import type { Claim, ServiceAddresses } from "../model.ts";
import { canonicalizeAddress, listExternalAddresses } from "./external-addresses.ts";

/** Everything that the compilation of a host may look up. Keys are "namespace/name" unless noted. */
export interface ClusterIndex {
  readonly service: (name: string) => Service | undefined;
  readonly addresses: (service: string) => ServiceAddresses | undefined;
  /** By address: the sorted names of its Services, joined by spaces. */
  readonly servicesAt: (address: string) => string;
  readonly secret: (name: string) => Secret | undefined;
  readonly configMap: (name: string) => ConfigMap | undefined;
  /** By "Secret namespace/name": the reason why an object cannot be read. */
  readonly readProblem: (object: string) => string | undefined;
  readonly isServed: (host: string) => boolean;
  readonly hasCertificate: (host: string) => boolean;
  /** By the id of a route: the claim of its canary. */
  readonly canary: (routeId: string) => Claim | undefined;
}

/** The results of the stages before hosts are compiled. */
export interface HostFacts {
  readonly addresses: ReadonlyMap<string, ServiceAddresses>;
  readonly servedHosts: ReadonlySet<string>;
  readonly tlsHosts: ReadonlySet<string>;
  readonly canaries: ReadonlyMap<string, Claim>;
}

export function buildClusterIndex(cluster: Cluster, facts: HostFacts): ClusterIndex {
  const services = indexByName(cluster.services);
  const secrets = indexByName(cluster.secrets);
  const configMaps = indexByName(cluster.configMaps);
  const readProblems = new Map(
    cluster.unreadableReferences.map((reference) => [`${reference.kind} ${nameOf(reference)}`, reference.problem]),
  );
  let serviceNamesByAddress: ReadonlyMap<string, string> | undefined; // built at the first use, because few hosts need it
  return {
    service: (name) => services.get(name),
    addresses: (service) => facts.addresses.get(service),
    servicesAt(address) {
      serviceNamesByAddress ??= indexNamesByAddress(services);
      return serviceNamesByAddress.get(address) ?? "";
    },
    secret: (name) => secrets.get(name),
    configMap: (name) => configMaps.get(name),
    readProblem: (object) => readProblems.get(object),
    isServed: (host) => facts.servedHosts.has(host),
    hasCertificate: (host) => facts.tlsHosts.has(host),
    canary: (routeId) => facts.canaries.get(routeId),
  };
}

function indexByName<T extends { readonly namespace: string; readonly name: string }>(objects: readonly T[]) {
  return new Map(objects.map((object) => [nameOf(object), object]));
}

function indexNamesByAddress(services: ReadonlyMap<string, Service>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, service] of [...services].toSorted(([a], [b]) => compareText(a, b))) {
    for (const address of new Set(
      listExternalAddresses(service).flatMap((addressText) => canonicalizeAddress(addressText, false) ?? []),
    )) {
      const otherNames = names.get(address);
      names.set(address, otherNames === undefined ? name : `${otherNames} ${name}`);
    }
  }
  return names;
}
