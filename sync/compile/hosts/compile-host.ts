import { listHostCandidates } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { usesDefaultBackend } from "../../../src/rules/policies/default-backend.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { withoutBackend } from "../../../src/rules/policies/no-backend.ts";
import type { Backend, HostRules, Route } from "../../../src/rules/snapshot.ts";
import type { HostLookups } from "../backends/cluster-index.ts";
import { withCanary } from "../claims/canaries.ts";
import { type Claim, type IngressClaims, readBackendProtocol } from "../claims/claims.ts";
import { buildDefaultBackendClaims } from "../claims/default-backend.ts";
import type { HostGrant } from "../claims/resolve-conflicts.ts";
import type { Report } from "../diagnostics.ts";
import { compileHostPolicies, compileRoutePolicies } from "./host-policies.ts";
import { type MatchedRoute, matchPaths } from "./path-matches.ts";
import { enforceSizeLimit } from "./size-limit.ts";

const hostCertificatePolicies = compiledPolicies
  .filter(({ pathLimited }) => pathLimited.effect === "needs-host-certificate")
  .map(({ name }) => name);

/**
 * Compiles one host: its policies, its backends, and how each of its paths is matched. It must not know of more than its
 * plan and what it looks up, since it is compiled anew only where one of these changed.
 */
export function compileHost(hostGrant: HostGrant, hostLookups: HostLookups, report: Report): HostRules {
  const { host, owners } = hostGrant;
  const { lookups, secretLengths } = recordSecretLengths(hostLookups);
  const backends = new Map<string, Backend>();
  const tls = hasTls(host, lookups);
  // An alias has the claims of its host.
  const claims = hostGrant.claims.map((claim) => (claim.host === host ? claim : { ...claim, host }));
  const defaultBackendClaims = buildDefaultBackendClaims(hostGrant.fallbackHost ?? host, owners, claims, report).map(
    (claim) => ({ ...claim, host }),
  );
  const drafts = [...claims, ...defaultBackendClaims]
    .map((claim) => ({ claim, settings: compileSecuredPolicies(claim, tls, lookups, backends, report) }))
    .map(({ claim, settings }) => ({
      claim,
      settings: withCanary(settings, claim, lookups, backends, report),
    }))
    .filter(({ claim, settings }) => claim.backend || Object.keys(settings).length > 0);
  const matchedRoutes = matchPaths(drafts, lookups.options.inspect, report);
  const finishedRoutes = matchedRoutes.map((matchedRoute) => ({
    claim: matchedRoute.claim,
    route: buildRoute(matchedRoute, lookups, backends, report),
  }));
  const routes = enforceSizeLimit(
    finishedRoutes,
    [...claims, ...defaultBackendClaims],
    backends,
    secretLengths,
    report,
  );
  const policies = compileHostPolicies(hostGrant, tls, lookups, backends, report);
  return { host, policies, routes, backends: Object.fromEntries(backends) };
}

/** The same lookups, which note how long each text is that is sealed, by its token. */
function recordSecretLengths(lookups: HostLookups): {
  lookups: HostLookups;
  secretLengths: ReadonlyMap<string, number>;
} {
  const secretLengths = new Map<string, number>();
  const tokenizeSecret = (text: string) => {
    const token = lookups.options.tokenizeSecret(text);
    secretLengths.set(token, text.length);
    return token;
  };
  return { lookups: { ...lookups, options: { ...lookups.options, tokenizeSecret } }, secretLengths };
}

/**
 * A certificate of who may have but part of a host sends that part to https. Browsers are told nothing, since they would
 * take it for the whole host.
 */
function compileSecuredPolicies(
  claim: Claim,
  tls: boolean,
  lookups: HostLookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const isOnlySecureHere = !tls && claim.permittedPaths !== undefined && claim.owner.ingress.tls.length > 0;
  const adjustedClaim: Claim = isOnlySecureHere
    ? { ...claim, excludedPolicies: [...claim.excludedPolicies, ...hostCertificatePolicies] }
    : claim;
  return compileRoutePolicies(adjustedClaim, tls || isOnlySecureHere, lookups, backends, report);
}

/** The hosts that have a certificate: those of Ingresses with a `spec.tls`, even one that names no Secret. */
export function findTlsHosts(ingressClaims: readonly IngressClaims[]): Set<string> {
  return new Set(ingressClaims.filter(({ owner }) => owner.ingress.tls.length > 0).flatMap(({ hosts }) => hosts));
}

/** A certificate is there for a host itself or for the wildcard above it. */
function hasTls(host: string, { lookUp }: HostLookups): boolean {
  const names = host.startsWith("*") ? [host] : listHostCandidates(host).slice(0, 2);
  return names.some((name) => name !== "*" && lookUp("hasCertificate", name));
}

function buildRoute(
  { claim, settings, match }: MatchedRoute,
  { resolve }: HostLookups,
  backends: Map<string, Backend>,
  report: Report,
): Route {
  const route = { id: claim.id, path: match, policies: settings };
  if (!claim.backend) return route;
  const resolution = resolve(claim.owner.ingress.namespace, claim.backend, readBackendProtocol(claim.owner));
  const { subject } = claim;
  // A path holds its backend; a default backend is one.
  const field = subject.field === "spec.defaultBackend" ? subject.field : `${subject.field}.backend`;
  for (const note of resolution.notes)
    report(note.reason, note.subject ?? { ...subject, field }, note.problem, note.remedy);
  // Its policies name who is asked in its place.
  if (!resolution.ok && usesDefaultBackend(settings)) return route;
  if (!resolution.ok) return { ...route, policies: { ...settings, ...withoutBackend(resolution.problem) } };
  backends.set(resolution.id, resolution.backend);
  return { ...route, backend: resolution.id };
}
