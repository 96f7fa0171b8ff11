import { hostKeys } from "../../src/rules/hosts.ts";
import type { Backend, HostRules, Route } from "../../src/rules/snapshot.ts";
import type { Resolve } from "./backends.ts";
import type { Asked } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import { fallbackOf } from "./fallback.ts";
import type { HostPlan } from "./grant.ts";
import { type Matched, matchesOf } from "./matches.ts";
import type { Options } from "./options.ts";
import { hostPolicies, routePolicies } from "./policies.ts";

/** What compiling a host needs beside its plan. */
export interface Surroundings {
  readonly secure: ReadonlySet<string>;
  readonly resolve: Resolve;
  readonly inspect: Options["inspect"];
  readonly report: Report;
}

/** Compiles one host: its policies, its backends, and how each of its paths is matched. */
export function compileHost(
  { host, owners, claims }: HostPlan,
  { secure, resolve, inspect, report }: Surroundings,
): HostRules {
  const tls = isSecure(host, secure);
  const all = [...claims, ...fallbackOf(host, owners, claims, report)];
  const ruled = all
    .map((claim) => ({ claim, settings: routePolicies(claim, tls) }))
    .filter(({ claim, settings }) => claim.backend || Object.keys(settings).length > 0);
  const backed = matchesOf(ruled, inspect, report).map((matched) => routeOf(matched, resolve));
  return {
    host,
    policies: hostPolicies(host, owners, tls),
    routes: backed.map(({ route }) => route),
    backends: Object.fromEntries(backed.flatMap(({ route, backend }) => (backend ? [[route.backend, backend]] : []))),
  };
}

/** The hosts that have a certificate: those of Ingresses with a `spec.tls`, even one that names no Secret. */
export function secureHosts(asked: readonly Asked[]): Set<string> {
  return new Set(asked.filter(({ owner }) => owner.ingress.tls.length > 0).flatMap(({ hosts }) => hosts));
}

/** A certificate is there for a host itself or for the wildcard above it. */
function isSecure(host: string, secure: ReadonlySet<string>): boolean {
  const names = host.startsWith("*") ? [host] : hostKeys(host).slice(0, 2);
  return names.some((name) => name !== "*" && secure.has(name));
}

function routeOf({ claim, settings, match }: Matched, resolve: Resolve): { route: Route; backend?: Backend } {
  const route = { id: claim.id, path: match, policies: settings };
  if (!claim.backend) return { route };
  const resolved = resolve(claim.owner.ingress.namespace, claim.backend, claim.subject);
  if (resolved.ok) return { route: { ...route, backend: resolved.id }, backend: resolved.backend };
  return { route: { ...route, policies: { ...settings, unbacked: { because: resolved.because } } } };
}
