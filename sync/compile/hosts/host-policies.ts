import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { PolicyName, PolicySettings } from "../../../src/rules/policies/index.ts";
import type { PolicyContext } from "../../../src/rules/policies/policy.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { HostLookups } from "../backends/cluster-index.ts";
import { buildSubject, type Claim, type IngressWithAnnotations } from "../claims/claims.ts";
import type { HostGrant } from "../claims/resolve-conflicts.ts";
import type { Report } from "../diagnostics.ts";
import { createPolicyContext } from "./policy-context.ts";

/** The settings of a claim's route. A guard that could not be read closes it. Backends that policies use go into `backends`. */
export function compileRoutePolicies(
  claim: Claim,
  tls: boolean,
  lookups: HostLookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const failClosedReasons =
    claim.owner.annotations.unreadableGuard === undefined
      ? []
      : [`${claim.owner.annotations.unreadableGuard} cannot be read`];
  const context = createPolicyContext(claim, tls, lookups, backends, failClosedReasons, report);
  const settings = {
    ...compileHostGuards(claim, context),
    ...compileSettings("route", claim.owner, context, claim.excludedPolicies),
  };
  const [reason] = failClosedReasons;
  return reason === undefined ? settings : { ...settings, failClosed: { reason } };
}

/** What protects a host, for the paths of who may have but part of it: it says nothing of the host, and is not to be lost. */
function compileHostGuards({ owner, permittedPaths }: Claim, context: PolicyContext): PolicySettings {
  if (!permittedPaths) return {};
  const { clientCertificate } = compileSettings("host", owner, context, []);
  return clientCertificate ? { clientCertificate } : {};
}

/** The settings of a host: of each policy, those of the oldest Ingress that has any. A closed host has no others. */
export function compileHostPolicies(
  { host, owners }: HostGrant,
  tls: boolean,
  lookups: HostLookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const hostSettings = owners.map((owner) => {
    const failClosedReasons: string[] = [];
    const context = createPolicyContext(
      { id: "", owner, host, path: "/", backend: undefined },
      tls,
      lookups,
      backends,
      failClosedReasons,
      report,
    );
    const settings = compileSettings("host", owner, context, []);
    return { owner, settings, reason: failClosedReasons[0] };
  });
  const closingIngress = hostSettings.find(({ reason }) => reason !== undefined);
  if (closingIngress?.reason === undefined)
    return Object.assign({}, ...hostSettings.map(({ settings }) => settings).toReversed());
  for (const { owner, reason } of hostSettings) {
    if (reason === undefined) reportHostFailedClosed(owner, host, closingIngress.owner, closingIngress.reason, report);
  }
  return { failClosed: { reason: closingIngress.reason } };
}

/** Tells an Ingress that its paths of a host are closed for what another asks for the whole host. */
function reportHostFailedClosed(
  { ingress }: IngressWithAnnotations,
  host: string,
  closingOwner: IngressWithAnnotations,
  reason: string,
  report: Report,
): void {
  const problem = `Ingress ${nameOf(closingOwner.ingress)} closes the whole host ${host}: ${reason}`;
  report(
    "RouteFailedClosed",
    buildSubject(ingress, "spec.rules"),
    problem,
    "correct that one, or give this one another host",
  );
}

function compileSettings(
  scope: "host" | "route",
  owner: IngressWithAnnotations,
  context: PolicyContext,
  excludedPolicies: readonly PolicyName[],
): PolicySettings {
  const entries = compiledPolicies
    .filter((policy) => policy.scope === scope && !excludedPolicies.some((name) => name === policy.name))
    .map((policy) => {
      // The cast: each policy takes the values of its own table, which were read from that very table.
      const fromAnnotations = policy.fromAnnotations as (
        values: Readonly<Record<string, unknown>>,
        context: PolicyContext,
      ) => unknown;
      return [policy.name, fromAnnotations(owner.annotations.values[policy.name], context)];
    });
  return Object.fromEntries(entries.filter(([, settings]) => settings !== undefined)) as PolicySettings;
}
