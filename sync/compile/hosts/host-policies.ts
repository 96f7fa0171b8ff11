import {
  type CompiledPolicy,
  type CompiledPolicyName,
  compiledPolicies,
} from "../../../src/rules/policies/compiled-policies.ts";
import { closeWith } from "../../../src/rules/policies/fail-closed.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { PolicyContext } from "../../../src/rules/policies/policy.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { HostLookups } from "../backends/cluster-index.ts";
import { buildSubject, type Claim, type IngressWithAnnotations } from "../claims/claims.ts";
import type { HostGrant } from "../claims/resolve-conflicts.ts";
import type { Report } from "../diagnostics.ts";
import { createPolicyContext } from "./policy-context.ts";

const routePolicies = compiledPolicies.filter(({ scope }) => scope === "route");
const hostPolicies = compiledPolicies.filter(({ scope }) => scope === "host");
const ownPathPolicies = compiledPolicies.filter(({ pathLimited }) => pathLimited.effect === "own-paths");

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
    ...compileSettings(routePolicies, claim.owner, context, claim.excludedPolicies),
  };
  const [reason] = failClosedReasons;
  return reason === undefined ? settings : { ...settings, ...closeWith(reason) };
}

/** What protects a host, for the paths of who may have but part of it: it says nothing of the host, and is not to be lost. */
function compileHostGuards({ owner, permittedPaths }: Claim, context: PolicyContext): PolicySettings {
  if (!permittedPaths) return {};
  return compileSettings(ownPathPolicies, owner, context, []);
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
    const settings = compileSettings(hostPolicies, owner, context, []);
    return { owner, settings, reason: failClosedReasons[0] };
  });
  const closingIngress = hostSettings.find(({ reason }) => reason !== undefined);
  if (closingIngress?.reason === undefined)
    return Object.assign({}, ...hostSettings.map(({ settings }) => settings).toReversed());
  for (const { owner, reason } of hostSettings) {
    if (reason === undefined) reportHostFailedClosed(owner, host, closingIngress.owner, closingIngress.reason, report);
  }
  return closeWith(closingIngress.reason);
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
  policies: readonly CompiledPolicy[],
  owner: IngressWithAnnotations,
  context: PolicyContext,
  excludedPolicies: readonly CompiledPolicyName[],
): PolicySettings {
  const entries = policies
    .filter(({ name }) => !excludedPolicies.includes(name))
    .map(({ name, fromAnnotations }) => [name, fromAnnotations(owner.annotations.values[name], context)] as const);
  return Object.fromEntries(entries.filter(([, settings]) => settings !== undefined)) as PolicySettings;
}
