import type { HostRules } from "../../../src/rules/snapshot.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Reason } from "../../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import type { HostIssue, HostIssueReason, HostSyncResult } from "../../publish/hosts/model.ts";
import { parseIngressName } from "../../publish/route-id.ts";
import type { CompiledCluster } from "../pipeline.ts";

/** Returns a compiled cluster with a diagnostic for each Ingress of a host whose record, route or certificate has an issue. */
export function withHostDiagnostics(
  compiled: CompiledCluster,
  hosts: readonly HostRules[],
  hostResult: HostSyncResult | undefined,
): CompiledCluster {
  if (!hostResult || hostResult.issues.length === 0) return compiled;
  const { compilation } = compiled;
  const rulesByHost = new Map([...compilation.rules.hosts, ...hosts].map((rules) => [rules.host, rules]));
  const diagnostics = hostResult.issues.flatMap((issue) =>
    (issue.ingresses ?? listHostIngresses(rulesByHost, issue.host)).flatMap((name) => {
      const ingress = compilation.ingresses.get(name);
      return ingress ? [buildDiagnostic(ingress, issue)] : [];
    }),
  );
  return { ...compiled, compilation: { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] } };
}

/** Returns the Ingresses of a DNS name: `*.x` is the record of the hosts `*.x` and `**.x`. */
function listHostIngresses(rulesByHost: ReadonlyMap<string, HostRules>, name: string): readonly string[] {
  const hosts = name.startsWith("*.") ? [name, `*${name}`] : [name];
  return [...new Set(hosts.flatMap((host) => listIngresses(rulesByHost.get(host))))];
}

/** Returns the Ingresses ("namespace/name") with routes on a host, without duplicates. */
export function listIngresses(rules: HostRules | undefined): readonly string[] {
  return [...new Set(rules?.routes.map(({ id }) => parseIngressName(id)))];
}

function buildDiagnostic(ingress: Ingress, { host, reason, problem, remedy }: HostIssue): Diagnostic {
  const knownReason: Reason & HostIssueReason = reason;
  const index = ingress.rules.findIndex((rule) => rule.host?.toLowerCase().replace(/\.$/, "") === host);
  const field = index < 0 ? "spec.rules" : `spec.rules[${index}].host`;
  return { reason: knownReason, object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field, problem, remedy };
}
