import { listHostCandidates } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { usesDefaultBackend } from "../../../src/rules/policies/default-backend.ts";
import { redirectHost } from "../../../src/rules/policies/from-to-www.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { withoutBackend } from "../../../src/rules/policies/no-backend.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import type { Reference } from "../../collect/cluster-model.ts";
import { shareEmpty } from "../../incremental/list-memo.ts";
import type { ClusterIndex } from "../backends/cluster-index.ts";
import type { BackendResolution } from "../backends/services.ts";
import { readBackendProtocol } from "../claims/claims.ts";
import { buildDefaultBackendClaims } from "../claims/default-backend.ts";
import { collectDiagnostics, type Diagnostic, type Report } from "../diagnostics.ts";
import { buildRuleParts } from "../gateway/rules/http-route-policies.ts";
import { type BackendNote, type Claim, type HostGrant, listOwners } from "../model.ts";
import type { StageOptions } from "../options.ts";
import type { RegexUse } from "../regex-verdict.ts";
import { createHostCompilation, type HostCompilation } from "./host-compilation.ts";
import { compileHostPolicies, compileRoutePolicies } from "./host-policies.ts";
import { type MatchedRoute, matchPaths } from "./path-matches.ts";
import { enforceRegexBudget } from "./regex-budget.ts";
import { withCanary } from "./route-canary.ts";
import { enforceSizeLimit } from "./size-limit.ts";

const hostCertificatePolicies = compiledPolicies
  .filter(({ pathLimited }) => pathLimited.effect === "needs-host-certificate")
  .map(({ name }) => name);

/** The rules of a host, the Secrets and ConfigMaps that it refers to, and its diagnostics. */
export interface CompiledHost {
  readonly rules: HostRules;
  readonly references: readonly Reference[];
  readonly regexes: readonly RegexUse[];
  readonly secretTokens: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles one host. It reads only the grant, the index and the options, because the cache compares only these. */
export function compileHost(grant: HostGrant, index: ClusterIndex, options: StageOptions): CompiledHost {
  const { value, diagnostics } = collectDiagnostics((report) => {
    const compilation = createHostCompilation(grant.host, index, options, report);
    const rules = compileRules(grant, compilation);
    const { references, regexes, secretLengths } = compilation.listUses();
    const secretTokens = shareEmpty([...secretLengths.keys()]);
    return { rules, references: shareEmpty(references), regexes: shareEmpty(regexes), secretTokens };
  });
  return { ...value, diagnostics };
}

function compileRules(grant: HostGrant, compilation: HostCompilation): HostRules {
  const { host, ownership } = grant;
  if (ownership.type === "www-redirect")
    return { host, policies: redirectHost(ownership.to), routes: [], backends: {} };
  const tls = hasTls(host, compilation);
  const claims = listHostClaims(grant, compilation.report);
  const drafts = claims
    .map((claim) => ({ claim, settings: compileSecuredPolicies(claim, tls, compilation) }))
    .map(({ claim, settings }) => ({ claim, settings: withCanary(settings, claim, compilation) }))
    .filter(({ claim, settings }) => claim.backend || claim.httpRoute || Object.keys(settings).length > 0);
  const matchedRoutes = enforceRegexBudget(matchPaths(drafts, compilation), claims, compilation.report);
  const finishedRoutes = matchedRoutes.map((matchedRoute) => ({
    claim: matchedRoute.claim,
    route: buildRoute(matchedRoute, compilation),
  }));
  const routes = enforceSizeLimit(finishedRoutes, claims, compilation.listUses(), compilation.report);
  const policies = compileHostPolicies(grant, tls, compilation);
  const backends = Object.fromEntries(compilation.listUses().backends);
  return { host, policies, routes: [...routes, ...buildRedirectRoutes(grant, routes)], backends };
}

/**
 * Returns the claims of a host and of its default backend. An alias, or a host with a fallback, has claims of another
 * host.
 */
function listHostClaims(grant: HostGrant, report: Report): Claim[] {
  const { host, ownership, claims } = grant;
  const fallbackHost = ownership.type === "paths" && ownership.fallback ? ownership.fallback.host : host;
  const withHost = (claim: Claim) => (claim.host === host ? claim : { ...claim, host });
  const hostClaims = claims.map(withHost);
  const defaultClaims = buildDefaultBackendClaims(fallbackHost, listOwners(grant), hostClaims, report);
  return [...hostClaims, ...defaultClaims.map(withHost)];
}

/** Returns the route that redirects all other paths, if the host is also a redirect. */
function buildRedirectRoutes({ ownership }: HostGrant, routes: readonly Route[]): Route[] {
  const whole = ownership.type === "paths" ? ownership.fallback?.ownership : undefined;
  if (whole?.type !== "www-redirect") return [];
  const hasRegex = routes.some(({ path }) => path.type === "regex");
  const path = hasRegex ? ({ type: "regex", pattern: "^" } as const) : ({ type: "prefix", path: "/" } as const);
  return [{ id: "#from-to-www", path, policies: redirectHost(whole.to) }];
}

/**
 * Redirects the paths of a path-limited namespace to https if it has a certificate. Sends no HSTS, because browsers
 * would apply it to the whole host.
 */
function compileSecuredPolicies(claim: Claim, tls: boolean, compilation: HostCompilation): PolicySettings {
  // An HTTPRoute of an HTTP listener is served over http, even if the host has a certificate.
  if (claim.httpRoute) return compileRoutePolicies(claim, false, compilation);
  const isOnlySecureHere = !tls && claim.permit.type === "paths" && claim.owner.ingress.tls.length > 0;
  const adjustedClaim: Claim = isOnlySecureHere
    ? { ...claim, excludedPolicies: [...claim.excludedPolicies, ...hostCertificatePolicies] }
    : claim;
  return compileRoutePolicies(adjustedClaim, tls || isOnlySecureHere, compilation);
}

/** Whether a certificate covers a host: its own, or the one of its wildcard host. */
function hasTls(host: string, { index }: HostCompilation): boolean {
  const names = host.startsWith("*") ? [host] : listHostCandidates(host).slice(0, 2);
  return names.some((name) => name !== "*" && index.hasCertificate(name));
}

/** Returns the diagnostics of a backend. The owner of a solver is cert-manager, which cannot change its Service. */
function listBackendNotes(resolution: BackendResolution, { owner }: Claim): readonly BackendNote[] {
  if (resolution.ok || !owner.ingress.isAcmeSolver) return resolution.notes;
  const remedy = "use DNS-01, or remove the certificate: the edge serves Cloudflare's";
  return [
    {
      reason: "UnreachableChallenge",
      problem: `challenge of cert-manager not reachable: ${resolution.problem}`,
      remedy,
    },
  ];
}

function buildRoute({ claim, settings, match, when }: MatchedRoute, compilation: HostCompilation): Route {
  const { resolve, report, useBackend } = compilation;
  const route = { id: claim.id, path: match, ...(when && { when }), policies: settings };
  const { httpRoute } = claim;
  if (httpRoute) return { ...route, ...buildRuleParts({ ...claim, httpRoute }, settings, compilation) };
  if (!claim.backend) return route;
  const resolution = resolve(claim.owner.ingress.namespace, claim.backend, readBackendProtocol(claim.owner));
  const { subject } = claim;
  // The backend of a path is in its `backend` field; the default backend is the field itself.
  const field = subject.field === "spec.defaultBackend" ? subject.field : `${subject.field}.backend`;
  for (const note of listBackendNotes(resolution, claim))
    report(note.reason, note.subject ?? { ...subject, field }, note.problem, note.remedy);
  // The policies name the backend that replaces it.
  if (!resolution.ok && usesDefaultBackend(settings)) return route;
  if (!resolution.ok) return { ...route, policies: { ...settings, ...withoutBackend(resolution.problem) } };
  return { ...route, backend: useBackend(resolution) };
}
