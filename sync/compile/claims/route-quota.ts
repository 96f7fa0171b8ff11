import { createTotalsMemo, type TotalsMemo } from "../../incremental/totals-memo.ts";
import { findLimits, type NamespaceLimits } from "../../permits/limits.ts";
import type { Permits } from "../../permits/model.ts";
import type { Reason } from "../diagnostic-reasons.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { Claim, IngressClaims } from "../model.ts";
import { buildSubject } from "./claims.ts";
import { findHostFields, formatHostLabel, mayBeRegex } from "./enforce-permits.ts";

/** What a namespace requests of its quotas. */
interface QuotaUse {
  readonly routes: number;
  readonly regexes: number;
}

/** The use of each namespace. */
export type QuotaUses = ReadonlyMap<string, QuotaUse>;

/** The uses of the last list of Ingresses. */
export type QuotaUseMemo = TotalsMemo<IngressClaims, keyof QuotaUse>;

export function createQuotaUseMemo(): QuotaUseMemo {
  return createTotalsMemo(({ owner }) => owner.ingress.namespace);
}

/**
 * Drops the claims beyond the quotas of a namespace; the first in the order of the claims stay. A host without paths uses
 * one route, for its unmatched paths. A namespace without any remaining path of a host is not its owner.
 */
export function enforceRouteQuota(
  ingressClaims: readonly IngressClaims[],
  permits: Permits,
  memo: QuotaUseMemo,
  report: Report,
): readonly IngressClaims[] {
  const exceedingNamespaces = findExceedingNamespaces(countQuotaUses(ingressClaims, memo), permits);
  if (exceedingNamespaces.size === 0) return ingressClaims;
  const takeQuota = createQuotaCounter(permits, new Map());
  return ingressClaims.map((entry) => {
    const { namespace } = entry.owner.ingress;
    if (!exceedingNamespaces.has(namespace)) return entry;
    const take = (label: string, subject: Subject, use: QuotaUse) => {
      const exceeded = takeQuota(namespace, use);
      if (exceeded === undefined) return true;
      const { reason, problem, remedy } = describeQuota(namespace, label, permits, exceeded);
      report(reason, subject, problem, remedy);
      return false;
    };
    const isRegex = mayBeRegex(entry);
    const claims = entry.claims.filter((claim: Claim) => {
      const { host, path, subject } = claim;
      const use = { routes: 1, regexes: countRegexes(claim, isRegex) };
      return take(`path ${path} of ${formatHostLabel(host)}`, { ...subject, field: `${subject.field}.path` }, use);
    });
    const hostsWithoutPaths = listHostsWithoutPaths(entry).filter((host) =>
      take(formatHostLabel(host), buildHostSubject(entry, host), { routes: 1, regexes: 0 }),
    );
    const keptHosts = new Set([...claims.map(({ host }) => host), ...hostsWithoutPaths]);
    const hosts = entry.hosts.filter(({ host }) => keptHosts.has(host));
    const isComplete = claims.length === entry.claims.length && hosts.length === entry.hosts.length;
    return isComplete ? entry : { ...entry, claims, hosts };
  });
}

/** Counts the regexes of a claim: its path, and the conditions of an HTTPRoute. */
function countRegexes({ type, httpRoute }: Claim, isRegex: boolean): number {
  const pathRegexes = isRegex || type === "full-regex" ? 1 : 0;
  if (!httpRoute) return pathRegexes;
  const { headers, queryParams } = httpRoute.match;
  return pathRegexes + [...headers, ...queryParams].filter((match) => match.type === "RegularExpression").length;
}

function findExceedingNamespaces(uses: QuotaUses, permits: Permits): ReadonlySet<string> {
  const exceeding = [...uses].filter(([namespace, { routes, regexes }]) => {
    const limits = findLimits(permits, namespace);
    return routes > limits.maxRoutes || regexes > limits.maxRegexes;
  });
  return new Set(exceeding.map(([namespace]) => namespace));
}

function buildHostSubject({ owner: { ingress } }: IngressClaims, host: string): Subject {
  return buildSubject(ingress, findHostFields(ingress, host)[0] ?? "spec.rules");
}

function countEntry(entry: IngressClaims): QuotaUse {
  const { claims } = entry;
  return {
    routes: claims.length + listHostsWithoutPaths(entry).length,
    regexes: countEntryRegexes(entry),
  };
}

function countEntryRegexes(entry: IngressClaims): number {
  const isRegex = mayBeRegex(entry);
  return entry.claims.reduce((sum, claim) => sum + countRegexes(claim, isRegex), 0);
}

/** Counts what Ingresses request, by namespace. */
export function countQuotaUses(ingressClaims: readonly IngressClaims[], memo: QuotaUseMemo): QuotaUses {
  return memo(ingressClaims, [], countEntry);
}

/** Takes from the quotas of a namespace. Returns the exceeded quota; then nothing is taken. */
export type TakeQuota = (namespace: string, use: QuotaUse) => keyof QuotaUse | undefined;

export function createQuotaCounter(permits: Permits, initialUses: QuotaUses): TakeQuota {
  const uses = new Map(initialUses);
  return (namespace, { routes, regexes }) => {
    const used = uses.get(namespace) ?? { routes: 0, regexes: 0 };
    const limits = findLimits(permits, namespace);
    const total = { routes: used.routes + routes, regexes: used.regexes + regexes };
    if (total.routes > limits.maxRoutes) return "routes";
    if (regexes > 0 && total.regexes > limits.maxRegexes) return "regexes";
    uses.set(namespace, total);
    return undefined;
  };
}

const QUOTAS: Readonly<
  Record<keyof QuotaUse | "bytes", { readonly limit: keyof NamespaceLimits; readonly reason: Reason }>
> = {
  routes: { limit: "maxRoutes", reason: "RouteQuotaExceeded" },
  regexes: { limit: "maxRegexes", reason: "RegexLimitExceeded" },
  bytes: { limit: "maxBytes", reason: "NamespaceSizeExceeded" },
};

/** Returns the diagnostic texts for a route or host `label` that exceeds a quota. */
export function describeQuota(
  namespace: string,
  label: string,
  permits: Permits,
  exceeded: keyof QuotaUse | "bytes",
): { reason: Reason; problem: string; remedy: string } {
  const { limit, reason } = QUOTAS[exceeded];
  const quota = findLimits(permits, namespace)[limit];
  const problem = `${label} dropped: namespace ${namespace} has reached its quota of ${quota} ${exceeded}`;
  const remedy = `remove older ${exceeded}, or ask your edgress administrator to raise the quota of namespace ${namespace}`;
  return { reason, problem, remedy };
}

function listHostsWithoutPaths({ hosts, claims }: Pick<IngressClaims, "hosts" | "claims">): string[] {
  const hostsWithPaths = new Set(claims.map(({ host }) => host));
  return hosts
    .filter(({ host, permit }) => permit.type === "full" && !hostsWithPaths.has(host))
    .map(({ host }) => host);
}
