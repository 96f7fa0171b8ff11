import { compareText } from "../../../src/rules/compare-text.ts";
import {
  type Cluster,
  type ConfigMap,
  nameOf,
  type Reference,
  type Secret,
  type Service,
} from "../../collect/cluster-model.ts";
import { isSameCluster } from "../../incremental/cache.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { Claim } from "../claims/claims.ts";
import type { Options } from "../options.ts";
import {
  canonicalizeAddress,
  createBackendResolver,
  listExternalAddresses,
  type ResolveBackend,
  type ServiceAddresses,
} from "./services.ts";

/** What can be looked up while a host is compiled, by kind. Keys are "namespace/name" unless said. */
export interface IndexQueries {
  readonly service: Service | undefined;
  readonly serviceAddresses: ServiceAddresses | undefined; // by Service
  readonly servicesAt: string; // by address: the names of the Services that have it, in order, with spaces between them
  readonly Secret: Secret | undefined;
  readonly ConfigMap: ConfigMap | undefined;
  readonly unreadable: string | undefined; // by "Secret namespace/name": what keeps one from being read
  readonly isServed: boolean; // by host
  readonly hasCertificate: boolean; // by host
  readonly canary: Claim | undefined; // by the id of the route that it has a share in
}

export type IndexLookup = <K extends keyof IndexQueries>(kind: K, key: string) => IndexQueries[K];

/** A lookup that was made, and what it gave. */
export interface RecordedLookup {
  readonly kind: keyof IndexQueries;
  readonly key: string;
  readonly result: unknown;
}

/** All that is looked up in: a cluster, and what is known of its hosts before any is compiled. */
export interface ClusterIndex {
  readonly cluster: Cluster;
  readonly servedHosts: ReadonlySet<string>;
  readonly tlsHosts: ReadonlySet<string>;
  readonly canaries: ReadonlyMap<string, Claim>;
}

/** Whether everything that can be looked up is the same in both; of the Ingresses themselves nothing is. */
export function isSameIndex(a: ClusterIndex, b: ClusterIndex): boolean {
  const omitIngresses = ({ cluster }: ClusterIndex) => ({ ...cluster, ingresses: [] });
  return (
    isSameCluster(omitIngresses(a), omitIngresses(b)) &&
    isSameSet(a.servedHosts, b.servedHosts) &&
    isSameSet(a.tlsHosts, b.tlsHosts) &&
    a.canaries.size === b.canaries.size &&
    [...a.canaries].every(([id, claim]) => b.canaries.get(id) === claim)
  );
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && [...a].every((item) => b.has(item)));
}

/** Looks things up in a world. */
export function createIndexLookup(
  { cluster, servedHosts, tlsHosts, canaries }: ClusterIndex,
  resolveAddresses: (service: Service) => ServiceAddresses,
): IndexLookup {
  const services = indexServicesByName(cluster.services);
  const secrets = indexByName(cluster.secrets);
  const configMaps = indexByName(cluster.configMaps);
  const unreadableProblems = new Map(
    cluster.unreadableReferences.map((reference) => [`${reference.kind} ${nameOf(reference)}`, reference.problem]),
  );
  let serviceNamesByAddress: ReadonlyMap<string, string> | undefined; // rarely asked for
  const resolvedServices = new Map<string, ServiceAddresses>(); // many hosts ask for the same
  const finders: { readonly [K in keyof IndexQueries]: (key: string) => IndexQueries[K] } = {
    service: (key) => services.get(key),
    serviceAddresses(key) {
      const cached = resolvedServices.get(key);
      if (cached) return cached;
      const service = services.get(key);
      const resolved = service && resolveAddresses(service);
      if (resolved) resolvedServices.set(key, resolved);
      return resolved;
    },
    servicesAt(key) {
      serviceNamesByAddress ??= indexNamesByAddress(services);
      return serviceNamesByAddress.get(key) ?? "";
    },
    Secret: (key) => secrets.get(key),
    ConfigMap: (key) => configMaps.get(key),
    unreadable: (key) => unreadableProblems.get(key),
    isServed: (key) => servedHosts.has(key),
    hasCertificate: (key) => tlsHosts.has(key),
    canary: (key) => canaries.get(key),
  };
  return (kind, key) => finders[kind](key);
}

function indexByName<T extends { readonly namespace: string; readonly name: string }>(objects: readonly T[]) {
  return new Map(objects.map((object) => [nameOf(object), object]));
}

const indexServicesByName = memoize((services: readonly Service[]) => indexByName(services));

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

/** Looks up as `lookUp` does, and notes each lookup once. What was made with it holds for as long as these give the same. */
export function recordLookups(lookUp: IndexLookup): { lookUp: IndexLookup; listLookups: () => RecordedLookup[] } {
  const lookups = new Map<string, RecordedLookup>();
  return {
    lookUp(kind, key) {
      const result = lookUp(kind, key);
      lookups.set(`${kind} ${key}`, { kind, key, result });
      return result;
    },
    listLookups: () => [...lookups.values()],
  };
}

/** The Secrets and ConfigMaps that were asked for, found or not. */
export function listReferences(lookups: readonly RecordedLookup[]): Reference[] {
  return lookups.flatMap(({ kind, key }) => {
    if (kind !== "Secret" && kind !== "ConfigMap") return [];
    const slash = key.indexOf("/");
    return [{ kind, namespace: key.slice(0, slash), name: key.slice(slash + 1) }];
  });
}

/** Each reference once, in order. */
export function sortUniqueReferences(references: readonly Reference[]): Reference[] {
  const referencesByText = new Map(
    references.map((reference) => [`${reference.kind} ${nameOf(reference)}`, reference]),
  );
  return [...referencesByText].toSorted(([a], [b]) => compareText(a, b)).map(([, reference]) => reference);
}

/** What the places of one host are compiled with. */
export interface HostLookups {
  readonly lookUp: IndexLookup;
  readonly resolve: ResolveBackend;
  readonly allowedResponseHeaders: readonly string[];
  readonly zones: readonly string[];
  readonly options: Pick<Options, "tokenizeSecret" | "inspect">;
}

export function createHostLookups(lookUp: IndexLookup, options: Options): HostLookups {
  return {
    lookUp,
    resolve: createBackendResolver(lookUp),
    allowedResponseHeaders: options.allowedResponseHeaders.map((name) => name.toLowerCase()),
    zones: options.zones,
    options,
  };
}
