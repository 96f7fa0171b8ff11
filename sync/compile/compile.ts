import { compareText } from "../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../src/rules/hosts.ts";
import { type Cluster, type Ingress, nameOf } from "../collect/cluster-model.ts";
import { buildClusterIndex } from "./backends/cluster-index.ts";
import { locateServices } from "./backends/service-addresses.ts";
import type { AliasOptions } from "./claims/alias-registry.ts";
import { assignCanaries, isCanary } from "./claims/canaries.ts";
import { type ExclusiveClaims, enforceExclusiveHosts } from "./claims/exclusive-hosts.ts";
import { findAliases, requestsAliases } from "./claims/host-aliases.ts";
import { readClaims } from "./claims/read-claims.ts";
import { countQuotaUses, enforceRouteQuota, type QuotaUses } from "./claims/route-quota.ts";
import { createSizeEstimate, type EstimatePolicyBytes } from "./claims/route-size.ts";
import { mergeSharedHosts } from "./claims/shared-hosts.ts";
import { enforceSizeBudget } from "./claims/size-budget.ts";
import { hasOwnCertificate, reportMissingTlsSecrets } from "./claims/tls-secrets.ts";
import { type CompileCache, createCompileCache } from "./compile-cache.ts";
import { collectDiagnostics, type Report, type Reported } from "./diagnostics.ts";
import { judgeRoutes, readGatewayDiagnostics } from "./gateway/judge-routes.ts";
import { readGateways } from "./gateway/read-gateways.ts";
import { addGatewayClaims, buildEmptyGrants } from "./gateway/rules/gateway-claims.ts";
import { compileHost } from "./hosts/compile-host.ts";
import { listHostParts } from "./hosts/compiled-host-lists.ts";
import type { Compilation, IngressClaims } from "./model.ts";
import type { Options, StageOptions } from "./options.ts";
import type { RegexVerdicts } from "./regex-verdict.ts";
import { reportUnusedAcceptances, setsAcceptDegraded } from "./select/accept-degraded.ts";
import { type ClassDefaults, findClassName, readClassDefaults } from "./select/class-defaults.ts";
import { findIgnoredIngresses } from "./select/ignored-ingresses.ts";
import { listSelectionDiagnostics, selectIngresses } from "./select/ingress-class.ts";
import { reportInvalidObjects } from "./select/invalid-objects.ts";

/**
 * Compiles a cluster into rules. Never throws: an invalid object is dropped and reported. The order of the objects does
 * not matter. With the same `cache`, an unchanged host returns the same rules object, and an unchanged cluster the same
 * result.
 */
export function compile(
  cluster: Cluster,
  { regexVerdicts, ...options }: Options,
  cache = createCompileCache(),
): Compilation {
  const sameOptions = cache.options(Object.entries(options).flat(), () => options);
  const unreadableReferences = cluster.unreadableReferences.map((reference) => JSON.stringify(reference));
  const { gateway, ...others } = cluster;
  const objects = { ...others, ...gateway, unreadableReferences };
  const inputs = [sameOptions, regexVerdicts, ...Object.entries(objects).flat()];
  return cache.compilation(inputs, () => compileCluster(cluster, sameOptions, regexVerdicts, cache));
}

function compileCluster(
  cluster: Cluster,
  options: StageOptions,
  regexVerdicts: RegexVerdicts,
  cache: CompileCache,
): Compilation {
  const classDefaults = readClassDefaults(cluster, options, cache.classDefaults);
  const { value, diagnostics } = collectDiagnostics((report) =>
    compileHosts({ cluster, options, regexVerdicts, cache, report }, classDefaults.byClass),
  );
  const { ingresses, hosts } = value;
  return {
    rules: { zones: options.zones.toSorted(compareText), hosts: cache.sortedRules(hosts.rules) },
    ingresses: new Map(cache.names(ingresses, [], (ingress) => [nameOf(ingress), ingress])),
    ignoredIngresses: findIgnoredIngresses(cluster, options, cache.selection),
    diagnostics: cache.sortedDiagnostics([...classDefaults.diagnostics, ...diagnostics, ...value.diagnostics]),
    references: cache.sortedReferences([...classDefaults.references, ...value.references, ...hosts.references]),
    regexes: cache.sortedRegexes(hosts.regexes),
    secretTokens: [...new Set(hosts.secretTokens)].toSorted(compareText),
    ...value.gatewayResults,
  };
}

/** The values that every stage may use. */
interface StageContext {
  readonly cluster: Cluster;
  readonly options: StageOptions;
  readonly regexVerdicts: RegexVerdicts;
  readonly cache: CompileCache;
  readonly report: Report;
}

/** Runs the stages. Diagnostics that are reused come with the result; the others are reported. */
function compileHosts(context: StageContext, defaultsByClass: ReadonlyMap<string, ClassDefaults>) {
  const { cluster, options, regexVerdicts, cache, report } = context;
  reportInvalidObjects(cluster, report);
  const ingresses = selectIngresses(cluster, options, cache.selection);
  const gateways = readGateways(cluster, options, cache.gateways.reading);
  const ingressClaims = readIngressClaims(ingresses, defaultsByClass, context);
  const gatewayClaims = addGatewayClaims(ingressClaims, gateways, cluster, options, cache.gateways.claims);
  const reportedClaims = gatewayClaims.claims;
  const estimatePolicyBytes = cache.embeddedObjects([cluster.secrets, cluster.configMaps], () =>
    createSizeEstimate(cluster),
  );
  const { claims: ownedClaims, mayUseName } = enforceOwners(reportedClaims, context);
  const claims = enforceLimits(ownedClaims, estimatePolicyBytes, context);
  const [canaryClaims, primaryClaims] = cache.canaries(claims, isCanary);
  reportMissingTlsSecrets(primaryClaims, cluster, report);
  const quotaUses = countQuotaUses(claims, cache.keptUses);
  const grants = grantHosts(primaryClaims, quotaUses, { estimatePolicyBytes, mayUseName }, context);
  const sourcedIndex = buildClusterIndex(cluster, {
    services: locateServices(cluster, options, cache.services),
    served: grants.served,
    certificates: grants.certificates,
    canaries: assignCanaries(canaryClaims, grants.findGrant, report),
    regexVerdicts,
  });
  const emptyGrants = buildEmptyGrants(gatewayClaims.emptyHosts, grants.served.has, grants.findGrant(CATCH_ALL_HOST));
  const sharedHosts = mergeSharedHosts([...grants.all, ...emptyGrants], cache.sharedHosts);
  const compiledHosts = cache.hosts(sharedHosts, [options], sourcedIndex, (grant, recordedIndex) =>
    compileHost(grant, recordedIndex, options),
  );
  const hosts = listHostParts(compiledHosts, cache.compiledHosts);
  const [acceptingClaims] = cache.acceptingDegraded(primaryClaims, setsAcceptDegraded);
  const claimDiagnostics = cache.claimDiagnostics(reportedClaims);
  reportUnusedAcceptances(acceptingClaims, [...claimDiagnostics, ...hosts.diagnostics], report);
  const selectionDiagnostics = listSelectionDiagnostics(cluster, options, cache.selection);
  const gatewayDiagnostics = readGatewayDiagnostics(gateways, cluster.gateway, cache.gateways);
  const otherDiagnostics = [selectionDiagnostics, claimDiagnostics, gatewayDiagnostics, grants.diagnostics];
  const diagnostics = [...otherDiagnostics, hosts.diagnostics].flat();
  const gatewayResults = judgeRoutes(gateways, sourcedIndex, options, cache.gateways);
  const references = [...gateways.references, ...gatewayClaims.references];
  return { ingresses, hosts, diagnostics, references, gatewayResults };
}

/** Drops the claims of namespaces that may not have a host, because it belongs to another. */
function enforceOwners(
  reportedClaims: readonly Reported<IngressClaims>[],
  { options, cache, report }: StageContext,
): ExclusiveClaims {
  const permittedClaims = cache.permittedClaims(reportedClaims, [], ({ value }) => value);
  return options.exclusiveHosts
    ? enforceExclusiveHosts(permittedClaims, cache.ownedClaims, report)
    : { claims: permittedClaims, mayUseName: () => true };
}

/** Drops or closes the claims beyond the limits, before their hosts are compiled. */
function enforceLimits(
  claims: readonly IngressClaims[],
  estimatePolicyBytes: EstimatePolicyBytes,
  { options: { permits }, cache, report }: StageContext,
): readonly IngressClaims[] {
  const countedClaims = enforceRouteQuota(claims, permits, cache.requestedUses, report);
  return enforceSizeBudget(countedClaims, estimatePolicyBytes, permits, cache.sizes, report);
}

function readIngressClaims(
  ingresses: readonly Ingress[],
  defaultsByClass: ReadonlyMap<string, ClassDefaults>,
  { cluster, options, cache }: StageContext,
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
  quotaUses: QuotaUses,
  aliasRules: Pick<AliasOptions, "estimatePolicyBytes" | "mayUseName">,
  { options, cache, report }: StageContext,
) {
  const reportedGrants = cache.grants(primaryClaims);
  const grantList = [...reportedGrants.values()];
  const ownGrants = cache.ownGrants(grantList, [], ({ value }) => value);
  const findGrant = (host: string) => reportedGrants.get(host)?.value;
  const [requestingGrants] = cache.requestingAliases(ownGrants, requestsAliases);
  const { aliasGrants, tlsAliases } = findAliases(
    requestingGrants,
    findGrant,
    { ...options, ...aliasRules },
    quotaUses,
    report,
  );
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
    diagnostics: cache.grantDiagnostics(grantList),
  };
}
