import { compareText } from "../../src/rules/compare-text.ts";
import { type Cluster, type Ingress, type InvalidObject, nameOf, type Reference } from "../collect/cluster-model.ts";
import { memoize } from "../incremental/memoize.ts";
import { buildClusterIndex } from "./backends/cluster-index.ts";
import { locateServices } from "./backends/service-addresses.ts";
import { assignCanaries, isCanary } from "./claims/canaries.ts";
import { addAliases } from "./claims/host-aliases.ts";
import { readClaims } from "./claims/read-claims.ts";
import { resolveConflicts } from "./claims/resolve-conflicts.ts";
import { countRoutes, enforceRouteQuota } from "./claims/route-quota.ts";
import { mergeSharedHosts } from "./claims/shared-hosts.ts";
import { findTlsHosts, reportMissingTlsSecrets } from "./claims/tls-secrets.ts";
import { type CompileCache, createCompileCache } from "./compile-cache.ts";
import { collectDiagnostics, type Diagnostic, type Report, type Reported } from "./diagnostics.ts";
import { compileHost } from "./hosts/compile-host.ts";
import type { Compilation, IngressClaims } from "./model.ts";
import type { Options } from "./options.ts";
import { reportUnusedAcceptances } from "./select/accept-degraded.ts";
import { type ClassDefaults, findClassName, readClassDefaults } from "./select/class-defaults.ts";
import { selectIngresses } from "./select/ingress-class.ts";

/**
 * Compiles a cluster into rules. Never throws: an invalid object is dropped and reported. The order of the objects does
 * not matter. With the same `cache`, an unchanged host returns the same rules object, and an unchanged cluster the same
 * result.
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
    const ingresses = selectIngresses(cluster, options, report);
    const reportedClaims = readAllClaims(ingresses, classDefaults.byClass, { cluster, options, cache });
    const permittedClaims = reportedClaims.map(({ value }) => value);
    const claims = enforceRouteQuota(permittedClaims, options.permits, report);
    const primaryClaims = claims.filter((entry) => !isCanary(entry));
    reportMissingTlsSecrets(primaryClaims, cluster, report);
    const granted = resolveConflicts(primaryClaims, report);
    const named = addAliases(granted, options, countRoutes(claims, options.permits), report);
    const grants = mergeSharedHosts(named.grants);
    const index = buildClusterIndex(cluster, {
      addresses: locateServices(cluster.services, options, cache.addresses),
      servedHosts: new Set(grants.map(({ host }) => host)),
      tlsHosts: new Set([...findTlsHosts(primaryClaims), ...named.tlsAliases]),
      canaries: assignCanaries(claims.filter(isCanary), [...granted.values()], report),
    });
    const hosts = cache.hosts(grants, [options], index, (grant, recordedIndex) =>
      compileHost(grant, recordedIndex, options),
    );
    const hostDiagnostics = hosts.flatMap((host) => host.diagnostics);
    reportUnusedAcceptances(primaryClaims, hostDiagnostics, report);
    return {
      ingresses,
      hosts,
      diagnostics: [...reportedClaims.flatMap((entry) => entry.diagnostics), ...hostDiagnostics],
    };
  });
  return {
    rules: {
      zones: options.zones.toSorted(compareText),
      hosts: value.hosts.map(({ rules }) => rules).toSorted((a, b) => compareText(a.host, b.host)),
    },
    ingresses: new Map(value.ingresses.map((ingress) => [nameOf(ingress), ingress])),
    diagnostics: sortDiagnostics([...classDefaults.diagnostics, ...diagnostics, ...value.diagnostics]),
    references: sortReferences([...classDefaults.references, ...value.hosts.flatMap(({ references }) => references)]),
  };
}

function readAllClaims(
  ingresses: readonly Ingress[],
  defaultsByClass: ReadonlyMap<string, ClassDefaults>,
  { cluster, options, cache }: { cluster: Cluster; options: Options; cache: CompileCache },
): Reported<IngressClaims>[] {
  return ingresses.map((ingress) => {
    const defaults = defaultsByClass.get(findClassName(ingress, cluster, options));
    return cache.claims(ingress, [defaults, options], () =>
      collectDiagnostics((report) => readClaims(ingress, defaults, options, report)),
    );
  });
}

function reportInvalidObject({ kind, namespace, name, source, field, problem }: InvalidObject, report: Report): void {
  const subject = { object: `${kind} ${namespace}/${name}`, source, field };
  report("InvalidObject", subject, problem, "correct the object; until then it is dropped");
}

/** Sorts diagnostics and removes duplicates: the names of one host report the same ones. */
function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return sortUnique(diagnostics, formatDiagnosticKey);
}

const formatDiagnosticKey = memoize(({ object, field, reason, problem, remedy, source }: Diagnostic) =>
  JSON.stringify([object, field, reason, problem, remedy, source]),
);

function sortReferences(references: readonly Reference[]): Reference[] {
  return sortUnique(references, (reference) => `${reference.kind} ${nameOf(reference)}`);
}

function sortUnique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const itemsByKey = new Map(items.map((item) => [keyOf(item), item]));
  return [...itemsByKey].toSorted(([a], [b]) => compareText(a, b)).map(([, item]) => item);
}
