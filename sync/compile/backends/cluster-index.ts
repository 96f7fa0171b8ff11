import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type ConfigMap, nameOf, type Secret, type Service } from "../../collect/cluster-model.ts";
import { buildSource, type SourcedIndex } from "../../incremental/name-memo.ts";
import type { Claim, ServiceAddresses } from "../model.ts";
import type { RegexVerdict, RegexVerdicts } from "../regex-verdict.ts";
import { canonicalizeAddress, listExternalAddresses } from "./external-addresses.ts";
import { createGrantLookup } from "./references.ts";
import type { LocatedServices } from "./service-addresses.ts";
import { createTlsPolicyLookup, type ServiceTlsPolicy } from "./tls-policies.ts";

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
  /** By `formatReference`: whether a ReferenceGrant allows a reference. */
  readonly isGranted: (reference: string) => boolean;
  /** By Service: the BackendTLSPolicies for it. Undefined without any. */
  readonly tlsPolicies: (service: string) => readonly ServiceTlsPolicy[] | undefined;
  readonly isServed: (host: string) => boolean;
  readonly hasCertificate: (host: string) => boolean;
  /** By the id of a route: the claim of its canary. */
  readonly canary: (routeId: string) => Claim | undefined;
  /** By pattern. */
  readonly regexVerdict: (pattern: string) => RegexVerdict | undefined;
}

/** The results of the stages before hosts are compiled. */
export interface HostFacts {
  readonly services: LocatedServices;
  readonly served: HostLookup;
  readonly certificates: HostLookup;
  readonly canaries: ReadonlyMap<string, Claim>;
  readonly regexVerdicts: RegexVerdicts;
}

/** A question about hosts. */
export interface HostLookup {
  readonly has: (host: string) => boolean;
  /** The hosts for which it is true. */
  readonly hosts: readonly string[];
}

export function buildClusterIndex(cluster: Cluster, facts: HostFacts): SourcedIndex<ClusterIndex> {
  const { services, served, certificates, canaries, regexVerdicts } = facts;
  const serviceSource = buildSource(services.list, ({ service }) => nameOf(service));
  const secrets = indexByName(cluster.secrets);
  const configMaps = indexByName(cluster.configMaps);
  const readProblems = new Map(
    cluster.unreadableReferences.map((reference) => [`${reference.kind} ${nameOf(reference)}`, reference.problem]),
  );
  let serviceNamesByAddress: ReadonlyMap<string, string> | undefined; // built at the first use, because few hosts need it
  return {
    index: {
      service: (name) => services.byName.get(name)?.service,
      addresses: (service) => services.byName.get(service),
      servicesAt(address) {
        serviceNamesByAddress ??= indexNamesByAddress(services.byName);
        return serviceNamesByAddress.get(address) ?? "";
      },
      secret: (name) => secrets.get(name),
      configMap: (name) => configMaps.get(name),
      readProblem: (object) => readProblems.get(object),
      isGranted: createGrantLookup(cluster.referenceGrants),
      tlsPolicies: createTlsPolicyLookup(cluster.gateway.backendTlsPolicies),
      isServed: served.has,
      hasCertificate: certificates.has,
      canary: (routeId) => canaries.get(routeId),
      regexVerdict: (pattern) => regexVerdicts.get(pattern),
    },
    sources: {
      service: serviceSource,
      addresses: serviceSource,
      servicesAt: { items: services.list },
      secret: buildSource(cluster.secrets, nameOf),
      configMap: buildSource(cluster.configMaps, nameOf),
      readProblem: { items: Array.from(readProblems, ([object, problem]) => `${object} ${problem}`) },
      isGranted: { items: cluster.referenceGrants },
      tlsPolicies: { items: cluster.gateway.backendTlsPolicies },
      isServed: buildSource(served.hosts, (host) => host),
      hasCertificate: buildSource(certificates.hosts, (host) => host),
      canary: { items: [...canaries.values(), ...Array.from(canaries, ([routeId, { id }]) => `${routeId} ${id}`)] },
      regexVerdict: { items: [regexVerdicts] },
    },
  };
}

function indexByName<T extends { readonly namespace: string; readonly name: string }>(objects: readonly T[]) {
  return new Map(objects.map((object) => [nameOf(object), object]));
}

function indexNamesByAddress(services: LocatedServices["byName"]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, { service }] of [...services].toSorted(([a], [b]) => compareText(a, b))) {
    for (const address of new Set(
      listExternalAddresses(service).flatMap((addressText) => canonicalizeAddress(addressText, false) ?? []),
    )) {
      const otherNames = names.get(address);
      names.set(address, otherNames === undefined ? name : `${otherNames} ${name}`);
    }
  }
  return names;
}
