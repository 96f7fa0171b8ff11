import { usesDefaultBackend } from "../../../../src/rules/policies/default-backend.ts";
import type { PolicySettings } from "../../../../src/rules/policies/index.ts";
import { withoutBackend } from "../../../../src/rules/policies/no-backend.ts";
import { buildFilterPolicies } from "../../../../src/rules/policies/route-cors.ts";
import { hasRedirect, type RouteFilter } from "../../../../src/rules/policies/route-filters.ts";
import { drawFrom, type WeightedBackendsSettings } from "../../../../src/rules/policies/weighted-backends.ts";
import type { Route } from "../../../../src/rules/snapshot.ts";
import type { HttpBackendRef } from "../../../collect/gateway/http-route-model.ts";
import type { HostCompilation } from "../../hosts/host-compilation.ts";
import type { Claim } from "../../model.ts";
import { resolveReference } from "./resolve-reference.ts";
import type { HttpRouteClaim } from "./route-claim.ts";
import { buildRouteFilters } from "./route-filters.ts";
import { withRuleTimes } from "./rule-times.ts";
import { buildSession } from "./session.ts";

/** A claim of an HTTPRoute. */
export type HttpClaim = Claim & { readonly httpRoute: HttpRouteClaim };

/** The parts of a route that the rule of an HTTPRoute sets. */
type RuleParts = Pick<Route, "backend" | "policies">;

/** Returns the backend and the policies of a rule. A rule with one backend without filters costs what a path of an Ingress does. */
export function buildRuleParts(claim: HttpClaim, settings: PolicySettings, compilation: HostCompilation): RuleParts {
  const { rule, ruleIndex, rejection } = claim.httpRoute;
  const field = `spec.rules[${ruleIndex}]`;
  if (rejection !== undefined)
    return withFilters({ policies: settings }, [{ type: "reject", status: 500, reason: rejection }]);
  const policies = withRuleTimes(settings, rule);
  const filters = buildRouteFilters(rule.filters, { claim, field: `${field}.filters` }, compilation);
  if (hasRedirect(filters)) return withFilters({ policies }, filters);
  return withFilters(buildBackends(claim, policies, `${field}.backendRefs`, compilation), filters);
}

function withFilters({ backend, policies }: RuleParts, filters: RouteFilter[]): RuleParts {
  return {
    ...(backend !== undefined && { backend }),
    policies: filters.length === 0 ? policies : { ...policies, ...buildFilterPolicies(filters) },
  };
}

function buildBackends(
  claim: HttpClaim,
  policies: PolicySettings,
  field: string,
  compilation: HostCompilation,
): RuleParts {
  const { backendRefs } = claim.httpRoute.rule;
  const session = buildSession(claim.httpRoute.rule, formatRuleId(claim));
  const choices = backendRefs
    .map((reference, index) => ({ reference, field: `${field}[${index}]` }))
    .filter(({ reference }) => reference.weight > 0 || session !== undefined)
    .map((entry) => buildChoice(entry.reference, claim, entry.field, compilation));
  const [choice] = choices;
  const single = choice && choices.length === 1 && !session ? buildSingleBackend(choice, policies) : undefined;
  if (single) return single;
  const reason = backendRefs.length === 0 ? "the rule has no backend" : "the weights of all backends are 0";
  const shares = choices.length === 0 ? [{ weight: 1, status: 500 as const, reason }] : choices;
  return { policies: { ...policies, ...drawFrom(shares, session) } };
}

/** Returns the parts of a rule with one backend, or without an address for it. Undefined if it has filters or gets 500. */
function buildSingleBackend({ backend, filters, status, reason }: Choice, policies: PolicySettings) {
  if (filters || status === 500) return undefined;
  if (backend !== undefined) return { backend, policies };
  // The policies name the backend that replaces it.
  return usesDefaultBackend(policies) ? { policies } : { policies: { ...policies, ...withoutBackend(reason ?? "") } };
}

function formatRuleId({ owner, httpRoute }: HttpClaim): string {
  const { namespace, name } = owner.ingress;
  return `${namespace}/${name}#${httpRoute.ruleIndex}`;
}

type Choice = WeightedBackendsSettings["choices"][number];

function buildChoice(reference: HttpBackendRef, claim: HttpClaim, field: string, compilation: HostCompilation): Choice {
  const { weight } = reference;
  const resolution = resolveReference(reference, claim, field, compilation);
  if (!resolution.ok) return { weight, status: resolution.status, reason: resolution.problem };
  const filters = buildRouteFilters(reference.filters, { claim, field: `${field}.filters` }, compilation);
  return { weight, backend: compilation.useBackend(resolution), ...(filters.length > 0 && { filters }) };
}
