import { compareText } from "../../src/rules/compare-text.ts";
import { type Cluster, type Ingress, type InvalidObject, nameOf } from "../collect/cluster-model.ts";
import { buildClusterIndex } from "./backends/cluster-index.ts";
import { locateServices } from "./backends/service-addresses.ts";
import { assignCanaries, isCanary } from "./claims/canaries.ts";
import { findAliases, requestsAliases } from "./claims/host-aliases.ts";
import { readClaims } from "./claims/read-claims.ts";
import { countRoutes, enforceRouteQuota, type RouteCounts } from "./claims/route-quota.ts";
import { mergeSharedHosts } from "./claims/shared-hosts.ts";
import { hasOwnCertificate, reportMissingTlsSecrets } from "./claims/tls-secrets.ts";
import { type CompileCache, createCompileCache } from "./compile-cache.ts";
import { collectDiagnostics, type Report, type Reported } from "./diagnostics.ts";
import { compileHost } from "./hosts/compile-host.ts";
import type { Compilation, IngressClaims } from "./model.ts";
import type { Options } from "./options.ts";
import { reportUnusedAcceptances, setsAcceptDegraded } from "./select/accept-degraded.ts";
import { type ClassDefaults, findClassName, readClassDefaults } from "./select/class-defaults.ts";
import { selectIngresses } from "./select/ingress-class.ts";

/**
 * Compiles a cluster into rules. It never throws: an object that does not compile is left out and reported. The order of
 * objects does not matter. With the same `cache` as before the rules of an unchanged host are the same object, and an
 * unchanged cluster has the same result.
 */
export function compile(cluster: Cluster, options: Options, cache = createCompileCache()): Compilation {
  const sameOptions = cache.options(Object.entries(options).flat(), () => options);
  const unreadableReferences = cluster.unreadableReferences.map((reference) => JSON.stringify(reference));
  const inputs = [sameOptions, ...Object.entries({ ...cluster, unreadableReferences }).flat()];
  return cache.compilation(inputs, () => compileCluster(cluster, sameOptions, cache));
}

function compileCluster(cluster: Cluster, options: Options, cache: CompileCache): Compilation {
  const classDefaults = readClassDefaults(cluster, options, cache.classDefaults);
  const { value, diagnostics } = collectDiagnostics((report) => {
    for (const object of cluster.invalidObjects) reportInvalidObject(object, report);
    const ingresses = selectIngresses(cluster, options, report, cache.selection);
    const reportedClaims = readAllClaims(ingresses, classDefaults.byClass, { cluster, options, cache });
    const permittedClaims = reportedClaims.map((entry) => entry.value);
    const claims = enforceRouteQuota(permittedClaims, options.permits, report);
    const [canaryClaims, primaryClaims] = cache.canaries(claims, isCanary);
    reportMissingTlsSecrets(primaryClaims, cluster, report);
    const grants = grantHosts(primaryClaims, {
      routeCounts: countRoutes(claims, options.permits),
      options,
      cache,
      report,
    });
    const sourcedIndex = buildClusterIndex(cluster, {
      services: locateServices(cluster.services, options, cache.services),
      served: grants.served,
      certificates: grants.certificates,
      canaries: assignCanaries(canaryClaims, grants.findGrant, report),
    });
    const hosts = cache.hosts(mergeSharedHosts(grants.all), [options], sourcedIndex, (grant, recordedIndex) =>
      compileHost(grant, recordedIndex, options),
    );
    const hostDiagnostics = hosts.flatMap((host) => host.diagnostics);
    const [acceptingClaims] = cache.acceptingDegraded(primaryClaims, setsAcceptDegraded);
    reportUnusedAcceptances(acceptingClaims, hostDiagnostics, report);
    const claimDiagnostics = reportedClaims.flatMap((entry) => entry.diagnostics);
    return { ingresses, hosts, diagnostics: [...claimDiagnostics, ...grants.diagnostics, ...hostDiagnostics] };
  });
  return {
    rules: {
      zones: options.zones.toSorted(compareText),
      hosts: cache.sortedRules(value.hosts.map(({ rules }) => rules)),
    },
    ingresses: new Map(cache.names(value.ingresses, [], (ingress) => [nameOf(ingress), ingress])),
    diagnostics: cache.sortedDiagnostics([...classDefaults.diagnostics, ...diagnostics, ...value.diagnostics]),
    references: cache.sortedReferences([
      ...classDefaults.references,
      ...value.hosts.flatMap(({ references }) => references),
    ]),
  };
}

function readAllClaims(
  ingresses: readonly Ingress[],
  defaultsByClass: ReadonlyMap<string, ClassDefaults>,
  { cluster, options, cache }: { cluster: Cluster; options: Options; cache: CompileCache },
): readonly Reported<IngressClaims>[] {
  return cache.allClaims(ingresses, [options, cluster.classes, [...defaultsByClass.values()]], (ingress) => {
    const defaults = defaultsByClass.get(findClassName(ingress, cluster, options));
    return cache.claims(ingress, [defaults, options], () =>
      collectDiagnostics((report) => readClaims(ingress, defaults, options, report)),
    );
  });
}

/** Grants hosts and their further names, and answers which hosts are served and have a certificate. */
function grantHosts(
  primaryClaims: readonly IngressClaims[],
  context: { routeCounts: RouteCounts; options: Options; cache: CompileCache; report: Report },
) {
  const { routeCounts, options, cache, report } = context;
  const reportedGrants = cache.grants(primaryClaims);
  const ownGrants = Array.from(reportedGrants.values(), ({ value }) => value);
  const findGrant = (host: string) => reportedGrants.get(host)?.value;
  const [requestingGrants] = cache.requestingAliases(ownGrants, requestsAliases);
  const { aliasGrants, tlsAliases } = findAliases(requestingGrants, findGrant, options, routeCounts, report);
  const aliasHosts = new Set(aliasGrants.map(({ host }) => host));
  const certificateHosts = cache.certificateHosts(ownGrants, [], (grant) =>
    hasOwnCertificate(grant) ? grant.host : undefined,
  );
  const ownsCertificate = (host: string) => {
    const grant = findGrant(host);
    return grant !== undefined && hasOwnCertificate(grant);
  };
  const tlsAliasHosts = new Set(tlsAliases.filter((host) => !ownsCertificate(host)));
  return {
    all: [...ownGrants, ...aliasGrants],
    findGrant,
    served: {
      has: (host: string) => reportedGrants.has(host) || aliasHosts.has(host),
      hosts: [...reportedGrants.keys(), ...[...aliasHosts].filter((host) => !reportedGrants.has(host))],
    },
    certificates: {
      has: (host: string) => tlsAliasHosts.has(host) || ownsCertificate(host),
      hosts: [...certificateHosts.filter((host) => host !== undefined), ...tlsAliasHosts],
    },
    diagnostics: Array.from(reportedGrants.values(), (grant) => grant.diagnostics).flat(),
  };
}

function reportInvalidObject({ kind, namespace, name, source, field, problem }: InvalidObject, report: Report): void {
  const subject = { object: `${kind} ${namespace}/${name}`, source, field };
  report("InvalidObject", subject, problem, "correct it; until then the object is left out");
}
