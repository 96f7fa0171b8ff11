import { CATCH_ALL_HOST, findWildcardName, parseHost } from "../../src/rules/hosts.ts";
import { readFurtherHosts } from "../../src/rules/policies/from-to-www.ts";
import { CLASS_ANNOTATION } from "../collect/annotation-names.ts";
import { type Cluster, type Ingress, nameOf } from "../collect/cluster-model.ts";
import { buildRoutes, type GatewayName } from "./build-routes.ts";
import { type ConvertibleIngress, readConvertibleIngress } from "./convertible-ingress.ts";
import { listDifferences } from "./list-differences.ts";
import type { ConversionGap, RouteManifest } from "./route-manifest.ts";
import { selectConvertible } from "./select-convertible.ts";

/** Ingresses as Gateway API objects. */
export interface Conversion {
  readonly routes: readonly RouteManifest[];
  /** "namespace/name" of the Ingresses that stay as they are. */
  readonly keptIngresses: readonly string[];
  readonly gaps: readonly ConversionGap[];
}

/**
 * Converts Ingresses, the oldest first, into HTTPRoutes of a Gateway. An Ingress with a part that has no counterpart stays
 * as it is: edgress serves both kinds on one host.
 */
export function convertIngresses(
  ingresses: readonly Ingress[],
  { services, classes }: Pick<Cluster, "services" | "classes">,
  gateway: GatewayName,
): Conversion {
  const classesWithDefaults = new Set(classes.flatMap(({ name, parameters }) => (parameters ? [name] : [])));
  const servicesByName = new Map(services.map((service) => [nameOf(service), service]));
  const all = ingresses.map((ingress) => {
    const findService = (name: string) => servicesByName.get(nameOf({ namespace: ingress.namespace, name }));
    const entry = readConvertibleIngress(ingress, findService);
    if (!classesWithDefaults.has(findClassName(ingress) ?? "")) return entry;
    return { ...entry, problems: [...entry.problems, CLASS_DEFAULTS_PROBLEM] };
  });
  const { convertible, kept, findCanary } = selectConvertible(withAliasProblems(all));
  const primaries = convertible.filter(({ isCanary }) => !isCanary);
  const aliasesByHost = findAliases(primaries);
  const context = {
    gateway,
    findCanary,
    tlsHosts: findTlsHosts(primaries, aliasesByHost),
    regexHosts: new Set(primaries.flatMap((entry) => (entry.converted.hasRegexPaths ? listHosts(entry) : []))),
    aliasesByHost,
    hosts: new Set(all.flatMap(listHosts)),
    hasDefaultBackend: createDefaultCheck(primaries),
  };
  return {
    routes: primaries.flatMap((entry) => buildRoutes(entry, context)),
    keptIngresses: [...kept.keys()].map(({ ingress }) => nameOf(ingress)),
    gaps: [
      ...[...kept].flatMap(([{ ingress }, problems]) =>
        problems.map((problem) => ({ object: `Ingress ${nameOf(ingress)}`, ...problem, keepsIngress: true })),
      ),
      ...convertible.flatMap(listDifferences),
    ],
  };
}

const CLASS_DEFAULTS_PROBLEM = {
  field: "spec.ingressClassName",
  problem: "the defaults of its IngressClass do not apply to HTTPRoutes; add them to the Ingress",
};

function findClassName({ className, annotations }: Ingress): string | undefined {
  return className ?? annotations[CLASS_ANNOTATION];
}

function listHosts({ ingress, pathsByHost }: ConvertibleIngress): readonly string[] {
  const hosts = ingress.rules.flatMap(({ host }) => {
    const parsed = parseHost(host);
    return parsed.ok ? [parsed.value] : [];
  });
  return [...new Set([...hosts, ...pathsByHost.keys()])];
}

/** Returns the hosts with a certificate. That of a host covers an alias if the oldest spec.tls of the host names it. */
function findTlsHosts(
  all: readonly ConvertibleIngress[],
  aliasesByHost: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const withTls = all.filter(({ ingress }) => ingress.tls.length > 0);
  const hosts = new Set(withTls.flatMap(listHosts));
  const aliases = [...aliasesByHost].flatMap(([host, names]) => {
    const owner = withTls.find((entry) => listHosts(entry).includes(host));
    const tlsNames = new Set(owner?.ingress.tls.flatMap((tls) => tls.hosts.map((name) => name.toLowerCase())));
    return names.filter((name) => tlsNames.has(name) || tlsNames.has(findWildcardName(name) ?? ""));
  });
  return new Set([...hosts, ...aliases]);
}

/** Adds a problem to the Ingresses whose aliases another host has too, because their order decides which of them gets the alias. */
function withAliasProblems(all: readonly ConvertibleIngress[]): readonly ConvertibleIngress[] {
  const entries = all.flatMap((entry) =>
    readFurtherHosts(entry.converted.values).aliases.flatMap((alias) =>
      listHosts(entry).map((host) => ({ alias, host })),
    ),
  );
  const hostsByAlias = Map.groupBy(entries, ({ alias }) => alias);
  const isShared = (alias: string) => new Set(hostsByAlias.get(alias)?.map(({ host }) => host)).size > 1;
  return all.map((entry) => {
    const alias = readFurtherHosts(entry.converted.values).aliases.find(isShared);
    if (alias === undefined) return entry;
    const problem = { field: "metadata.annotations[server-alias]", problem: `${alias} is an alias of two hosts` };
    return { ...entry, problems: [...entry.problems, problem] };
  });
}

/** Returns the further names of each host. Of two hosts with a name, that of the older Ingress has it. */
function findAliases(all: readonly ConvertibleIngress[]): ReadonlyMap<string, readonly string[]> {
  const hosts = new Set(all.flatMap(listHosts));
  const hostByAlias = new Map<string, string>();
  for (const entry of all) {
    const [host] = listHosts(entry).filter((name) => name !== CATCH_ALL_HOST);
    if (host === undefined) continue;
    for (const alias of readFurtherHosts(entry.converted.values).aliases) {
      if (!hosts.has(alias) && !hostByAlias.has(alias)) hostByAlias.set(alias, host);
    }
  }
  const aliases = Map.groupBy(hostByAlias, ([, host]) => host);
  return new Map([...aliases].map(([host, entries]) => [host, entries.map(([alias]) => alias)]));
}

/** The oldest Ingress of a host sets the response for its unmatched paths, unless a path / exists. */
function createDefaultCheck(all: readonly ConvertibleIngress[]) {
  return (entry: ConvertibleIngress, host: string): boolean => {
    if (host === CATCH_ALL_HOST && entry.ingress.rules.length > 0) return false;
    const owners = all.filter(({ pathsByHost }) => pathsByHost.has(host));
    const hasRoot = owners.some(({ pathsByHost }) =>
      pathsByHost.get(host)?.some(({ match: { path } }) => path.type === "PathPrefix" && path.value === "/"),
    );
    return !hasRoot && (owners.length === 0 || owners[0] === entry);
  };
}
