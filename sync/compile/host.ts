import { hostKeys } from "../../src/rules/hosts.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { Backend, HostRules, Route } from "../../src/rules/snapshot.ts";
import { withCanary } from "./canaries.ts";
import { type Asked, type Claim, protocolOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import { fallbackOf } from "./fallback.ts";
import type { HostPlan } from "./grant.ts";
import type { Lookups } from "./lookups.ts";
import { type Matched, matchesOf } from "./matches.ts";
import { hostPolicies, routePolicies } from "./policies.ts";
import { withinRoom } from "./room.ts";

/**
 * Compiles one host: its policies, its backends, and how each of its paths is matched. It must not know of more than its
 * plan and what it looks up, since it is compiled anew only where one of these changed.
 */
export function compileHost(plan: HostPlan, given: Lookups, report: Report): HostRules {
  const { host, owners } = plan;
  const { lookups, sealed } = measuringSeals(given);
  const backends = new Map<string, Backend>();
  const tls = isSecure(host, lookups);
  // An alias has the claims of its host.
  const claims = plan.claims.map((claim) => (claim.host === host ? claim : { ...claim, host }));
  const fallback = fallbackOf(plan.restOf ?? host, owners, claims, report).map((claim) => ({ ...claim, host }));
  const ruled = [...claims, ...fallback]
    .map((claim) => ({ claim, settings: securedPolicies(claim, tls, lookups, backends, report) }))
    .map(({ claim, settings }) => ({
      claim,
      settings: withCanary(settings, claim, lookups, backends, report),
    }))
    .filter(({ claim, settings }) => claim.backend || Object.keys(settings).length > 0);
  const matched = matchesOf(ruled, lookups.options.inspect, report);
  const granted = matched.map((one) => ({ claim: one.claim, route: routeOf(one, lookups, backends, report) }));
  const routes = withinRoom(granted, [...claims, ...fallback], backends, sealed, report);
  const policies = hostPolicies(plan, tls, lookups, backends, report);
  return { host, policies, routes, backends: Object.fromEntries(backends) };
}

/** The same lookups, which note how long each text is that is sealed, by its token. */
function measuringSeals(lookups: Lookups): { lookups: Lookups; sealed: ReadonlyMap<string, number> } {
  const sealed = new Map<string, number>();
  const seal = (text: string) => {
    const token = lookups.options.seal(text);
    sealed.set(token, text.length);
    return token;
  };
  return { lookups: { ...lookups, options: { ...lookups.options, seal } }, sealed };
}

/**
 * A certificate of who may have but part of a host sends that part to https. Browsers are told nothing, since they would
 * take it for the whole host.
 */
function securedPolicies(
  claim: Claim,
  tls: boolean,
  lookups: Lookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const alone = !tls && claim.within !== undefined && claim.owner.ingress.tls.length > 0;
  const asked: Claim = alone ? { ...claim, without: [...claim.without, "hsts"] } : claim;
  return routePolicies(asked, tls || alone, lookups, backends, report);
}

/** The hosts that have a certificate: those of Ingresses with a `spec.tls`, even one that names no Secret. */
export function secureHosts(asked: readonly Asked[]): Set<string> {
  return new Set(asked.filter(({ owner }) => owner.ingress.tls.length > 0).flatMap(({ hosts }) => hosts));
}

/** A certificate is there for a host itself or for the wildcard above it. */
function isSecure(host: string, { lookUp }: Lookups): boolean {
  const names = host.startsWith("*") ? [host] : hostKeys(host).slice(0, 2);
  return names.some((name) => name !== "*" && lookUp("hasCertificate", name));
}

function routeOf(
  { claim, settings, match }: Matched,
  { resolve }: Lookups,
  backends: Map<string, Backend>,
  report: Report,
): Route {
  const route = { id: claim.id, path: match, policies: settings };
  if (!claim.backend) return route;
  const resolved = resolve(claim.owner.ingress.namespace, claim.backend, protocolOf(claim.owner));
  const { subject } = claim;
  // A path holds its backend; a default backend is one.
  const field = subject.field === "spec.defaultBackend" ? subject.field : `${subject.field}.backend`;
  for (const note of resolved.notes)
    report(note.reason, note.subject ?? { ...subject, field }, note.problem, note.remedy);
  // Its policies name who is asked in its place.
  if (!resolved.ok && settings.defaultBackend) return route;
  if (!resolved.ok) return { ...route, policies: { ...settings, unbacked: { because: resolved.problem } } };
  backends.set(resolved.id, resolved.backend);
  return { ...route, backend: resolved.id };
}
