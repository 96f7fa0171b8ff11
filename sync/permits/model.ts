import { compareText } from "../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../src/rules/hosts.ts";

/** What namespaces may have of the edge: hosts and paths, how many routes, and which addresses as origins. */
export interface Permits {
  /** What may be claimed, and nothing else; without a list any namespace may claim anything. */
  readonly claims: readonly ClaimPermit[] | undefined;
  /** How many routes a namespace may have: the first entry that names it counts. With none there is no limit. */
  readonly limits: readonly RouteQuota[];
  readonly origins: OriginPermits;
}

export interface ClaimPermit {
  /** Names, or beginnings of names with `*` at their end. */
  readonly namespaces: readonly string[];
  /** `*.x` is every name below x, at any depth, and the wildcard host `*.x`; `*` is every host, and rules without one. */
  readonly hosts: readonly string[];
  /** Decoded, without a final slash; each stands for itself and what lies below it, `/` for the whole host. */
  readonly paths: readonly string[];
}

export interface RouteQuota {
  readonly namespaces: readonly string[];
  readonly maxRoutes: number;
}

/** Any address; all but those that mean something else inside a network; or only what is listed. */
export type OriginPermits =
  | { readonly type: "any" }
  | { readonly type: "public" }
  | { readonly type: "listed"; readonly entries: readonly OriginPermit[] };

export interface OriginPermit {
  readonly namespaces: readonly string[];
  /** Addresses and ranges in CIDR notation. */
  readonly ranges: readonly string[];
  /** Names of load balancers; `*.x` is every name below x. */
  readonly names: readonly string[];
}

/** Where nobody else is there to be protected: on one's own machine, and where manifests are only read. */
export const ALLOW_ALL: Permits = { claims: undefined, limits: [], origins: { type: "any" } };

/** What holds where nobody says otherwise. */
export const DEFAULT_PERMITS: Permits = { claims: undefined, limits: [], origins: { type: "public" } };

const WHOLE_HOST = "/";

/** The paths that a namespace may claim of a host, itself and below: `/` alone if it may have all of it, none if nothing. */
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

/** Whether a decoded path is one of `paths`, or lies below one: `/cart/7` lies below `/cart`, `/cartoon` does not. */
export function isPathWithin(path: string, paths: readonly string[]): boolean {
  return paths.some(
    (permittedPath) => permittedPath === WHOLE_HOST || path === permittedPath || path.startsWith(`${permittedPath}/`),
  );
}

/** How many routes a namespace may have, if there is a limit. */
export function findMaxRoutes({ limits }: Permits, namespace: string): number | undefined {
  return limits.find(({ namespaces }) => matchesNamespace(namespaces, namespace))?.maxRoutes;
}

/** Whether one of some names, or beginnings with `*` at their end, is a namespace's. */
export function matchesNamespace(patterns: readonly string[], namespace: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? namespace.startsWith(pattern.slice(0, -1)) : namespace === pattern,
  );
}

/** Whether a pattern names a host of rules. `*.x` names `a.b.x` and `*.b.x`, but not x; only `*` names rules without a host. */
export function matchesHost(pattern: string, host: string): boolean {
  if (pattern === CATCH_ALL_HOST) return true;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
