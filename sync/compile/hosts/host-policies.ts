import {
  type CompiledPolicy,
  type CompiledPolicyName,
  compiledPolicies,
} from "../../../src/rules/policies/compiled-policies.ts";
import { closeWith } from "../../../src/rules/policies/fail-closed.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { buildSubject, formatOwner } from "../claims/claims.ts";
import type { Report } from "../diagnostics.ts";
import { type Claim, type HostGrant, type IngressConfig, listOwners } from "../model.ts";
import type { HostCompilation } from "./host-compilation.ts";
import { createPolicyContext, type PolicyPlace } from "./policy-context.ts";

const routePolicies = compiledPolicies.filter(({ scope }) => scope === "route");
const hostPolicies = compiledPolicies.filter(({ scope }) => scope === "host");
const ownPathPolicies = compiledPolicies.filter(({ pathLimited }) => pathLimited.effect === "own-paths");

/** Returns the settings of a claim's route. An unreadable guard closes the route. */
export function compileRoutePolicies(claim: Claim, tls: boolean, compilation: HostCompilation): PolicySettings {
  const { closingReason } = claim.owner.annotations;
  const hostGuards = compileHostGuards(claim, tls, compilation);
  const route = compileSettings(routePolicies, claim, tls, compilation);
  const [reason] = [
    ...(closingReason === undefined ? [] : [closingReason]),
    ...hostGuards.failClosedReasons,
    ...route.failClosedReasons,
  ];
  const settings = shareEmptySettings({ ...hostGuards.settings, ...route.settings });
  return reason === undefined ? settings : { ...settings, ...closeWith(reason) };
}

const NO_SETTINGS: PolicySettings = Object.freeze({});

/** Returns one object for all places without policies, because most have none. */
function shareEmptySettings(settings: PolicySettings): PolicySettings {
  return Object.keys(settings).length === 0 ? NO_SETTINGS : settings;
}

/** The guards of a host, which also hold for the paths of a path-limited namespace. */
function compileHostGuards(claim: Claim, tls: boolean, compilation: HostCompilation): CompiledSettings {
  if (claim.permit.type === "full") return { settings: {}, failClosedReasons: [] };
  return compileSettings(ownPathPolicies, { ...claim, excludedPolicies: [] }, tls, compilation);
}

/** Returns the settings of a host: for each policy those of the oldest Ingress that sets it. A closed host has no others. */
export function compileHostPolicies(grant: HostGrant, tls: boolean, compilation: HostCompilation): PolicySettings {
  const { host } = grant;
  const hostSettings = listOwners(grant).map((owner) => {
    const place = { id: "", owner, host, path: "/", backend: undefined, excludedPolicies: [] };
    const { settings, failClosedReasons } = compileSettings(hostPolicies, place, tls, compilation);
    return { owner, settings, reason: failClosedReasons[0] };
  });
  const closingIngress = hostSettings.find(({ reason }) => reason !== undefined);
  if (closingIngress?.reason === undefined)
    return shareEmptySettings(Object.assign({}, ...hostSettings.map(({ settings }) => settings).toReversed()));
  const closing = { owner: closingIngress.owner, reason: closingIngress.reason };
  for (const { owner, reason } of hostSettings) {
    if (reason === undefined) reportHostFailedClosed(owner, host, closing, compilation.report);
  }
  return closeWith(closing.reason);
}

/** Reports to an Ingress that the host-level settings of another Ingress close its paths. */
function reportHostFailedClosed(
  { ingress }: IngressConfig,
  host: string,
  closing: { readonly owner: IngressConfig; readonly reason: string },
  report: Report,
): void {
  const problem = `${formatOwner(closing.owner.ingress)} closes the whole host ${host}: ${closing.reason}`;
  const isForeign = closing.owner.ingress.namespace !== ingress.namespace;
  const ownerProblem = isForeign ? `an Ingress of another namespace closes the whole host ${host}` : problem;
  report(
    "RouteFailedClosed",
    buildSubject(ingress, "spec.rules"),
    problem,
    "correct that Ingress, or use another host in this one",
    ownerProblem,
  );
}

interface CompiledSettings {
  readonly settings: PolicySettings;
  /** The reasons to return 503 for the route or host. */
  readonly failClosedReasons: readonly string[];
}

function compileSettings(
  policies: readonly CompiledPolicy[],
  place: PolicyPlace & { readonly excludedPolicies: readonly CompiledPolicyName[] },
  tls: boolean,
  compilation: HostCompilation,
): CompiledSettings {
  const { owner, excludedPolicies } = place;
  const { context, listFailClosedReasons } = createPolicyContext(place, tls, compilation);
  const entries = policies
    .filter(({ name }) => !excludedPolicies.includes(name))
    .map(({ name, fromAnnotations }) => [name, fromAnnotations(owner.annotations.values[name], context)] as const);
  const settings = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as PolicySettings;
  return { settings, failClosedReasons: listFailClosedReasons() };
}
