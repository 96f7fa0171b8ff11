import { compareText } from "../../src/rules/compare-text.ts";
import { matchesHost } from "../../src/rules/hosts.ts";

/** What namespaces may use of the edge: hosts, paths, a number of routes, and addresses as origins. */
export interface Permits {
  /** The only permitted claims. If undefined, any namespace may claim any host and path. */
  readonly claims: readonly ClaimPermit[] | undefined;
  /** Limits of namespaces, each from the first entry that matches. */
  readonly limits: readonly LimitEntry[];
  readonly origins: OriginPermits;
  /**
   * The Services of other namespaces that annotations may refer to, besides those of ReferenceGrants. If undefined, all
   * are permitted.
   */
  readonly references: readonly ReferencePermit[] | undefined;
}

export interface ClaimPermit {
  /** Names, or prefixes of names that end with `*`. */
  readonly namespaces: readonly string[];
  /**
   * `*.x` matches every name below x, at any depth, and the wildcard host `*.x`. `*` matches every host, and rules
   * without a host.
   */
  readonly hosts: readonly string[];
  /** Decoded, without a final slash. Each path includes the paths below it; `/` is the whole host. */
  readonly paths: readonly string[];
}

/** Limits of some namespaces. A limit that is not set has its default. */
export interface LimitEntry {
  readonly namespaces: readonly string[];
  readonly maxRoutes?: number;
  /** Maximum number of DNS records in each zone. */
  readonly maxRecords?: number;
  readonly maxRegexes?: number;
  readonly maxBytes?: number;
  readonly maxIngressHosts?: number;
  readonly maxIngressBytes?: number;
}

/** Any address; all except internal addresses; or only the listed ones. */
export type OriginPermits =
  | { readonly type: "any" }
  | { readonly type: "public" }
  | { readonly type: "listed"; readonly entries: readonly OriginPermit[] };

export interface ReferencePermit {
  /** Namespaces of the Ingresses. */
  readonly namespaces: readonly string[];
  readonly services: readonly ServicePattern[];
}

/** Services of some namespaces, by name or all. */
export interface ServicePattern {
  readonly namespace: string; // a name, or a prefix that ends with `*`
  readonly name: string | undefined; // undefined for all
}

export interface OriginPermit {
  readonly namespaces: readonly string[];
  /** Addresses and ranges in CIDR notation. */
  readonly ranges: readonly string[];
  /** Names of load balancers; `*.x` matches every name below x. */
  readonly names: readonly string[];
}

/** Permits for a single user: on a local machine, or if manifests are only read. */
export const ALLOW_ALL: Permits = { claims: undefined, limits: [], origins: { type: "any" }, references: undefined };

/** Permits without a permits document. */
export const DEFAULT_PERMITS: Permits = {
  claims: undefined,
  limits: [],
  origins: { type: "public" },
  references: undefined,
};

const WHOLE_HOST = "/";

/** Returns the paths of a host that a namespace may claim: only `/` for the whole host, an empty list for nothing. */
export function findPermittedPaths({ claims }: Permits, namespace: string, host: string): readonly string[] {
  if (!claims) return [WHOLE_HOST];
  const matchingPermits = claims.filter(
    ({ namespaces, hosts }) =>
      matchesNamespace(namespaces, namespace) && hosts.some((pattern) => matchesHost(pattern, host)),
  );
  const paths = new Set(matchingPermits.flatMap((entry) => entry.paths));
  return paths.has(WHOLE_HOST) ? [WHOLE_HOST] : [...paths].toSorted(compareText);
}

/** How much of a host a namespace may claim: all of it, or only some paths and the paths below them. */
export type HostPermit = { readonly type: "full" } | { readonly type: "paths"; readonly paths: readonly string[] };

export const FULL_HOST: HostPermit = { type: "full" };

/** Returns how much of a host a namespace may claim, or undefined if it may claim nothing. */
export function findHostPermit(permits: Permits, namespace: string, host: string): HostPermit | undefined {
  const paths = findPermittedPaths(permits, namespace, host);
  if (paths.length === 0) return undefined;
  return paths.includes(WHOLE_HOST) ? FULL_HOST : { type: "paths", paths };
}

/** Whether a namespace may claim all of a host. Only then may it set the host's policies and aliases. */
export function permitsHost(permits: Permits, namespace: string, host: string): boolean {
  return findHostPermit(permits, namespace, host)?.type === "full";
}

/** Returns the patterns of the hosts that a namespace may claim as a whole; undefined if it may claim any host. */
export function listWholeHosts({ claims }: Permits, namespace: string): readonly string[] | undefined {
  const wholeHosts = claims?.filter(
    ({ namespaces, paths }) => matchesNamespace(namespaces, namespace) && paths.includes(WHOLE_HOST),
  );
  return wholeHosts && [...new Set(wholeHosts.flatMap(({ hosts }) => hosts))].toSorted(compareText);
}

/** Whether an entry of `references` permits a namespace to refer to a Service. */
export function permitsReference(
  references: readonly ReferencePermit[],
  namespace: string,
  service: { readonly namespace: string; readonly name: string },
): boolean {
  return references.some(
    ({ namespaces, services }) =>
      matchesNamespace(namespaces, namespace) &&
      services.some(
        (pattern) =>
          matchesNamespace([pattern.namespace], service.namespace) &&
          (pattern.name === undefined || pattern.name === service.name),
      ),
  );
}

/** Whether a decoded path is one of `paths` or below one: `/cart/7` is below `/cart`, `/cartoon` is not. */
export function isPathWithin(path: string, paths: readonly string[]): boolean {
  return paths.some(
    (permittedPath) => permittedPath === WHOLE_HOST || path === permittedPath || path.startsWith(`${permittedPath}/`),
  );
}

/** Returns the quota of DNS records of a namespace in a zone; undefined if the default quota applies. */
export function findMaxRecords({ limits }: Permits, namespace: string): number | undefined {
  return limits.find((entry) => entry.maxRecords !== undefined && matchesNamespace(entry.namespaces, namespace))
    ?.maxRecords;
}

/** Whether a namespace matches one of some names, or prefixes that end with `*`. */
export function matchesNamespace(patterns: readonly string[], namespace: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? namespace.startsWith(pattern.slice(0, -1)) : namespace === pattern,
  );
}
