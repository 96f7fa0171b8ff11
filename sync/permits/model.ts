import { compareText } from "../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../src/rules/hosts.ts";

/** What namespaces may use of the edge: hosts, paths, a number of routes, and addresses as origins. */
export interface Permits {
  /** The only permitted claims. If undefined, any namespace may claim any host and path. */
  readonly claims: readonly ClaimPermit[] | undefined;
  /** Limits of namespaces, each from the first entry that matches. */
  readonly limits: readonly LimitEntry[];
  readonly origins: OriginPermits;
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

export interface OriginPermit {
  readonly namespaces: readonly string[];
  /** Addresses and ranges in CIDR notation. */
  readonly ranges: readonly string[];
  /** Names of load balancers; `*.x` matches every name below x. */
  readonly names: readonly string[];
}

/** Permits for a single user: on a local machine, or if manifests are only read. */
export const ALLOW_ALL: Permits = { claims: undefined, limits: [], origins: { type: "any" } };

/** Permits without a permits document. */
export const DEFAULT_PERMITS: Permits = { claims: undefined, limits: [], origins: { type: "public" } };

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

/** Whether a decoded path is one of `paths` or below one: `/cart/7` is below `/cart`, `/cartoon` is not. */
export function isPathWithin(path: string, paths: readonly string[]): boolean {
  return paths.some(
    (permittedPath) => permittedPath === WHOLE_HOST || path === permittedPath || path.startsWith(`${permittedPath}/`),
  );
}

/** Whether a namespace matches one of some names, or prefixes that end with `*`. */
export function matchesNamespace(patterns: readonly string[], namespace: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? namespace.startsWith(pattern.slice(0, -1)) : namespace === pattern,
  );
}

/**
 * Whether a pattern matches a host of rules. `*.x` matches `a.b.x` and `*.b.x`, but not x; only `*` matches rules
 * without a host.
 */
export function matchesHost(pattern: string, host: string): boolean {
  if (pattern === CATCH_ALL_HOST) return true;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
