import { compareText } from "../../src/rules/order.ts";
import type { Cluster, ConfigMap, Reference, Secret, Service } from "../collect/cluster.ts";
import { onceEach } from "../once-each.ts";
import { type Addressed, canonicalAddress, type Resolve, resolver, writtenAddresses } from "./backends.ts";
import type { Claim } from "./claims.ts";
import { isSameCluster } from "./memory.ts";
import type { Options } from "./options.ts";
import { nameOf } from "./select.ts";

/** What can be looked up while a host is compiled, by kind. Keys are "namespace/name" unless said. */
export interface Findings {
  readonly service: Service | undefined;
  readonly addressed: Addressed | undefined; // by Service
  readonly servicesAt: string; // by address: the names of the Services that have it, in order, with spaces between them
  readonly Secret: Secret | undefined;
  readonly ConfigMap: ConfigMap | undefined;
  readonly unread: string | undefined; // by "Secret namespace/name": what keeps one from being read
  readonly isServed: boolean; // by host
  readonly hasCertificate: boolean; // by host
  readonly canary: Claim | undefined; // by the id of the route that it has a share in
}

export type LookUp = <K extends keyof Findings>(kind: K, key: string) => Findings[K];

/** A lookup that was made, and what it gave. */
export interface Lookup {
  readonly kind: keyof Findings;
  readonly key: string;
  readonly found: unknown;
}

/** All that is looked up in: a cluster, and what is known of its hosts before any is compiled. */
export interface World {
  readonly cluster: Cluster;
  readonly served: ReadonlySet<string>;
  readonly secure: ReadonlySet<string>;
  readonly canaries: ReadonlyMap<string, Claim>;
}

/** Whether everything that can be looked up is the same in both; of the Ingresses themselves nothing is. */
export function findSame(a: World, b: World): boolean {
  const without = ({ cluster }: World) => ({ ...cluster, ingresses: [] });
  return (
    isSameCluster(without(a), without(b)) &&
    isSameSet(a.served, b.served) &&
    isSameSet(a.secure, b.secure) &&
    a.canaries.size === b.canaries.size &&
    [...a.canaries].every(([id, claim]) => b.canaries.get(id) === claim)
  );
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && [...a].every((item) => b.has(item)));
}

/** Looks things up in a world. */
export function lookUpIn(
  { cluster, served, secure, canaries }: World,
  addressed: (service: Service) => Addressed,
): LookUp {
  const services = servicesByName(cluster.services);
  const secrets = byName(cluster.secrets);
  const configMaps = byName(cluster.configMaps);
  const unread = new Map(cluster.unread.map((one) => [`${one.kind} ${nameOf(one)}`, one.problem]));
  let holders: ReadonlyMap<string, string> | undefined; // rarely asked for
  const reached = new Map<string, Addressed>(); // many hosts ask for the same
  const finders: { readonly [K in keyof Findings]: (key: string) => Findings[K] } = {
    service: (key) => services.get(key),
    addressed(key) {
      const known = reached.get(key);
      if (known) return known;
      const service = services.get(key);
      const found = service && addressed(service);
      if (found) reached.set(key, found);
      return found;
    },
    servicesAt(key) {
      holders ??= byAddress(services);
      return holders.get(key) ?? "";
    },
    Secret: (key) => secrets.get(key),
    ConfigMap: (key) => configMaps.get(key),
    unread: (key) => unread.get(key),
    isServed: (key) => served.has(key),
    hasCertificate: (key) => secure.has(key),
    canary: (key) => canaries.get(key),
  };
  return (kind, key) => finders[kind](key);
}

function byName<T extends { readonly namespace: string; readonly name: string }>(objects: readonly T[]) {
  return new Map(objects.map((object) => [nameOf(object), object]));
}

const servicesByName = onceEach((services: readonly Service[]) => byName(services));

function byAddress(services: ReadonlyMap<string, Service>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, service] of [...services].toSorted(([a], [b]) => compareText(a, b))) {
    for (const address of new Set(writtenAddresses(service).flatMap((own) => canonicalAddress(own, false) ?? []))) {
      const before = names.get(address);
      names.set(address, before === undefined ? name : `${before} ${name}`);
    }
  }
  return names;
}

/** Looks up as `lookUp` does, and notes each lookup once. What was made with it holds for as long as these give the same. */
export function noting(lookUp: LookUp): { lookUp: LookUp; made: () => Lookup[] } {
  const lookups = new Map<string, Lookup>();
  return {
    lookUp(kind, key) {
      const found = lookUp(kind, key);
      lookups.set(`${kind} ${key}`, { kind, key, found });
      return found;
    },
    made: () => [...lookups.values()],
  };
}

/** The Secrets and ConfigMaps that were asked for, found or not. */
export function referencesIn(lookups: readonly Lookup[]): Reference[] {
  return lookups.flatMap(({ kind, key }) => {
    if (kind !== "Secret" && kind !== "ConfigMap") return [];
    const slash = key.indexOf("/");
    return [{ kind, namespace: key.slice(0, slash), name: key.slice(slash + 1) }];
  });
}

/** Each reference once, in order. */
export function inOneList(references: readonly Reference[]): Reference[] {
  const byText = new Map(references.map((reference) => [`${reference.kind} ${nameOf(reference)}`, reference]));
  return [...byText].toSorted(([a], [b]) => compareText(a, b)).map(([, reference]) => reference);
}

/** What the places of one host are compiled with. */
export interface Lookups {
  readonly lookUp: LookUp;
  readonly resolve: Resolve;
  readonly allowedResponseHeaders: readonly string[];
  readonly zones: readonly string[];
  readonly options: Pick<Options, "seal" | "inspect">;
}

export function lookupsOf(lookUp: LookUp, options: Options): Lookups {
  return {
    lookUp,
    resolve: resolver(lookUp),
    allowedResponseHeaders: options.allowedResponseHeaders.map((name) => name.toLowerCase()),
    zones: options.zones,
    options,
  };
}
