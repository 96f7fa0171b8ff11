import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import type { Reason } from "../../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import type { HostIssue, HostIssueReason, HostSyncResult } from "../../publish/hosts/model.ts";
import type { CompiledCluster } from "../pipeline.ts";
import { findHostListeners, findRouteOwner, type RouteOwner } from "./route-owners.ts";

/**
 * Returns a compiled cluster with a diagnostic for each Ingress, HTTPRoute and listener of a host whose record, route or
 * certificate has an issue.
 */
export function withHostDiagnostics(
  compiled: CompiledCluster,
  hosts: readonly HostRules[],
  hostResult: HostSyncResult | undefined,
): CompiledCluster {
  if (!hostResult || hostResult.issues.length === 0) return compiled;
  const { compilation } = compiled;
  const rulesByHost = new Map([...compilation.rules.hosts, ...hosts].map((rules) => [rules.host, rules]));
  const listOwners = (names: readonly string[]) => names.flatMap((name) => findRouteOwner(compiled, name) ?? []);
  const diagnostics = hostResult.issues.flatMap((issue) => {
    if (issue.ingresses) return listOwners(issue.ingresses).map((owner) => buildDiagnostic(owner, issue));
    const { isAddress, owners } = findHostListeners(compiled, issue.host);
    const routeOwners = isAddress ? [] : listOwners(listHostIngresses(rulesByHost, issue.host));
    return [...routeOwners, ...owners].map((owner) => buildDiagnostic(owner, issue));
  });
  return { ...compiled, compilation: { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] } };
}

/** Returns the Ingresses and HTTPRoutes of a DNS name: `*.x` is the record of the hosts `*.x` and `**.x`. */
function listHostIngresses(rulesByHost: ReadonlyMap<string, HostRules>, name: string): readonly string[] {
  const hosts = name.startsWith("*.") ? [name, `*${name}`] : [name];
  return [...new Set(hosts.flatMap((host) => listIngresses(rulesByHost.get(host))))];
}

/** Returns the Ingresses ("namespace/name") and HTTPRoutes ("HTTPRoute namespace/name") with routes on a host, once each. */
export function listIngresses(rules: HostRules | undefined): readonly string[] {
  return [...new Set(rules?.routes.map(({ id }) => parseRouteOwner(id)))];
}

function buildDiagnostic(owner: RouteOwner, { host, reason, problem, remedy }: HostIssue): Diagnostic {
  const knownReason: Reason & HostIssueReason = reason;
  const { object, source, findHostField } = owner;
  return { reason: knownReason, object, source, field: findHostField(host), problem, remedy };
}
