import { compareText } from "../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../src/rules/hosts.ts";
import { readRedirectTarget } from "../../src/rules/policies/from-to-www.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import type { Cluster, Ingress, InvalidObject, Reference, Service } from "../collect/cluster-model.ts";
import {
  type CompileCache,
  createCompileCache,
  createMemo,
  isSameCluster,
  type Memo,
  resetIfOptionsChanged,
} from "../incremental/cache.ts";
import { memoize } from "../incremental/memoize.ts";
import { updateSorted } from "../incremental/sorted-list.ts";
import { type ClusterIndex, createIndexLookup, isSameIndex, sortUniqueReferences } from "./backends/cluster-index.ts";
import { createOriginChecker } from "./backends/origin-permits.ts";
import { resolveAddresses, type ServiceAddresses } from "./backends/services.ts";
import { assignCanaries, isCanary } from "./claims/canaries.ts";
import { buildSubject, type IngressClaims, parseClaims } from "./claims/claims.ts";
import { enforcePermits } from "./claims/enforce-permits.ts";
import { addAliases } from "./claims/host-aliases.ts";
import { resolveConflicts } from "./claims/resolve-conflicts.ts";
import { countRoutes, enforceRouteQuota } from "./claims/route-quota.ts";
import { addRedirectHosts, mergeSharedHosts } from "./claims/shared-hosts.ts";
import { reportMissingTlsSecrets } from "./claims/tls-secrets.ts";
import { createReporter, type Diagnostic, type Report } from "./diagnostics.ts";
import { findTlsHosts } from "./hosts/compile-host.ts";
import { compileHosts } from "./hosts/compile-hosts.ts";
import type { Options } from "./options.ts";
import { reportUnusedAcceptances } from "./select/accept-degraded.ts";
import { applyClassDefaults, type ClassDefaults, findClassName, readClassDefaults } from "./select/class-defaults.ts";
import { type RankedIngress, rankIngresses } from "./select/ingress-class.ts";
import { reportUnknownAnnotations } from "./select/unknown-annotations.ts";

export interface Compilation {
  readonly rules: Rules;
  /** Our Ingresses, by "namespace/name". */
  readonly ingresses: ReadonlyMap<string, Ingress>;
  /** Each once, in an order that depends on nothing but the cluster. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every Secret and ConfigMap that was asked for, found or not, each once and in order. */
  readonly references: readonly Reference[];
}

/**
 * Compiles a cluster into rules. It never throws: what cannot be compiled is left out and reported, and costs nothing but
 * itself. The order in which objects come does not matter. With a `memory` only what changed is compiled anew, and the
 * rules of a host that is as it was are the same object as before; where nothing did, all is.
 */
export function compile(cluster: Cluster, options: Options, cache = createCompileCache()): Compilation {
  resetIfOptionsChanged(cache, options);
  const { last } = cache;
  const compilation =
    last && isSameCluster(last.cluster, cluster) ? last.compilation : compileChanges(cluster, options, cache);
  cache.last = { cluster, compilation };
  return compilation;
}

function compileChanges(cluster: Cluster, options: Options, cache: CompileCache): Compilation {
  const diagnostics: Diagnostic[] = [];
  const report = createReporter(diagnostics);
  const memo = createMemo(cache, diagnostics);

  for (const object of cluster.invalidObjects) reportInvalidObject(object, report);
  const rankedIngresses = rankIngresses(cluster, options, memo, cache.rankedIngresses);
  const selectedIngresses = rankedIngresses.sorted;
  const classDefaults = readClassDefaults(cluster, options, memo);
  const permittedClaims = selectedIngresses.map(({ ingress }) => {
    const ingressDefaults = classDefaults.byClass.get(findClassName(ingress, cluster, options));
    return memo("ingressClaims", ingress, [ingressDefaults], (memoReport) =>
      readIngressClaims(ingress, ingressDefaults, options, memoReport),
    );
  });
  const claimsWithinQuota = enforceRouteQuota(permittedClaims, options.permits, report);
  const primaryClaims = claimsWithinQuota.filter((entry) => !isCanary(entry));
  reportMissingTlsSecrets(
    primaryClaims.map(({ owner }) => owner.ingress),
    cluster,
    report,
  );
  const grantResult = resolveConflicts(primaryClaims, cache.grantResult, memo);
  const hostGrants = [...grantResult.grants.values()];
  const hostsWithAliases = addAliases(
    grantResult.grants,
    options,
    countRoutes(claimsWithinQuota, options.permits),
    report,
  );
  const grants = mergeSharedHosts(hostsWithAliases.grants, hostsWithAliases.redirects);
  const clusterIndex: ClusterIndex = {
    cluster,
    servedHosts: reuseSet([...grants, ...hostsWithAliases.redirects], cache.clusterIndex?.servedHosts),
    tlsHosts: new Set([...findTlsHosts(primaryClaims), ...hostsWithAliases.tlsAliases]),
    canaries: assignCanaries(claimsWithinQuota.filter(isCanary), hostGrants, report),
  };
  const lookUp = createIndexLookup(clusterIndex, createAddressResolver(cluster, options, memo));
  const previousHosts = {
    hosts: cache.hosts,
    isIndexUnchanged: cache.clusterIndex !== undefined && isSameIndex(cache.clusterIndex, clusterIndex),
  };
  const compiledHosts = compileHosts(grants, previousHosts, lookUp, options);
  for (const compiledHost of compiledHosts)
    compiledHost.diagnostics.forEach((diagnostic) => void diagnostics.push(diagnostic));
  const redirects = hostsWithAliases.redirects.map((redirect) => reuseRedirect(redirect, cache.redirects));
  const compiledRules = compiledHosts.map(({ rules }) => rules);
  const hosts = addRedirectHosts(compiledRules, redirects, memo);
  reportUnusedAcceptances(primaryClaims, diagnostics, report);

  cache.grantResult = grantResult;
  cache.clusterIndex = clusterIndex;
  cache.hosts = compiledHosts;
  cache.redirects = new Map(redirects.map((redirect) => [redirect.host, redirect]));
  cache.rankedIngresses = rankedIngresses;
  cache.sortedHosts = updateSorted(cache.sortedHosts, hosts, byHost);
  cache.diagnostics = updateSorted(cache.diagnostics, diagnostics, byText);
  return {
    rules: { zones: options.zones.toSorted(compareText), hosts: cache.sortedHosts.sorted },
    ingresses: indexByName(selectedIngresses),
    diagnostics: dedupeDiagnostics(cache.diagnostics.sorted),
    references: sortUniqueReferences([
      ...classDefaults.references,
      ...compiledHosts.flatMap(({ references }) => references),
    ]),
  };
}

function indexByName(rankedIngresses: readonly RankedIngress[]): ReadonlyMap<string, Ingress> {
  const ingressesByName = new Map<string, Ingress>();
  for (const { name, ingress } of rankedIngresses) ingressesByName.set(name, ingress);
  return ingressesByName;
}

/** What an Ingress asks for, of what its namespace may have. Without the settings of its class it may lack a guard: it is closed. */
function readIngressClaims(
  ingress: Ingress,
  classDefaults: ClassDefaults | undefined,
  options: Options,
  report: Report,
): IngressClaims {
  reportUnknownAnnotations(ingress, report);
  const ingressClaims = parseClaims(applyClassDefaults(ingress, classDefaults), options, report);
  const guardedClaims =
    classDefaults?.type === "unreadable" ? closeClaims(ingressClaims, classDefaults.reason, report) : ingressClaims;
  return enforcePermits(addCatchAllHost(guardedClaims), options.permits, report);
}

function closeClaims({ owner, claims, hosts }: IngressClaims, reason: string, report: Report): IngressClaims {
  const problem = `the settings of its class cannot be read: ${reason}`;
  report(
    "RouteFailedClosed",
    buildSubject(owner.ingress, "spec.ingressClassName"),
    problem,
    "until then its paths answer 503",
  );
  const closedOwner = { ...owner, annotations: { ...owner.annotations, unreadableGuard: "the settings of its class" } };
  return { owner: closedOwner, hosts, claims: claims.map((claim) => ({ ...claim, owner: closedOwner })) };
}

/** Where each Service of a cluster is reached. */
function createAddressResolver(
  { services }: Cluster,
  { permits }: Options,
  memo: Memo,
): (service: Service) => ServiceAddresses {
  const originChecker = createOriginChecker(permits.origins, services);
  return (service) =>
    memo("serviceAddresses", service, originChecker.listDependencies(service), () =>
      resolveAddresses(service, originChecker.checkOrigin),
    );
}

/** An Ingress without rules asks for any host: its default backend takes what no other takes. */
function addCatchAllHost(ingressClaims: IngressClaims): IngressClaims {
  const { rules, defaultBackend } = ingressClaims.owner.ingress;
  return rules.length === 0 && defaultBackend ? { ...ingressClaims, hosts: [CATCH_ALL_HOST] } : ingressClaims;
}

function reportInvalidObject({ kind, namespace, name, source, field, problem }: InvalidObject, report: Report): void {
  const subject = { object: `${kind} ${namespace}/${name}`, source, field };
  report("InvalidObject", subject, problem, "correct it; until then the object is left out");
}

/** The names of hosts: the same set as before where they come as they came then. */
function reuseSet(hosts: readonly { readonly host: string }[], previousNames: ReadonlySet<string> = new Set()) {
  const names = previousNames.values();
  const isSame = previousNames.size === hosts.length && hosts.every(({ host }) => names.next().value === host);
  return isSame ? previousNames : new Set(hosts.map(({ host }) => host));
}

/** A redirect as it was in the last round, if it leads where it led. */
function reuseRedirect(redirect: HostRules, previousRedirects: ReadonlyMap<string, HostRules>): HostRules {
  const previousRedirect = previousRedirects.get(redirect.host);
  return previousRedirect && readRedirectTarget(previousRedirect.policies) === readRedirectTarget(redirect.policies)
    ? previousRedirect
    : redirect;
}

function byHost(a: HostRules, b: HostRules): number {
  return compareText(a.host, b.host);
}

function byText(a: Diagnostic, b: Diagnostic): number {
  return compareText(formatDiagnosticKey(a), formatDiagnosticKey(b));
}

const formatDiagnosticKey = memoize(({ object, field, reason, problem, remedy, source }: Diagnostic) =>
  JSON.stringify([object, field, reason, problem, remedy, source]),
);

/** What is said twice, as of two names of a host, once. The same list for the same. */
const dedupeDiagnostics = memoize((sortedDiagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  sortedDiagnostics.filter((diagnostic, index) => {
    const previous = sortedDiagnostics[index - 1];
    return (
      !previous ||
      previous.object !== diagnostic.object ||
      formatDiagnosticKey(previous) !== formatDiagnosticKey(diagnostic)
    );
  }),
);
