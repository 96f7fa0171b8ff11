import { ANY_HOST, hostKeys } from "../../src/rules/hosts.ts";
import { routeKey } from "./claims.ts";
import type { HostPlan } from "./grant.ts";

/**
 * A host of which all who claim it may have but part goes on serving the rest as if it were not named: by the wildcard
 * above it, or the rules of any host. A named host would else take all of its requests from them.
 */
export function withRest(plans: readonly HostPlan[]): HostPlan[] {
  const byHost = new Map(plans.map((plan) => [plan.host, plan]));
  return plans.map((plan) => restOf(plan, byHost));
}

function restOf(plan: HostPlan, byHost: ReadonlyMap<string, HostPlan>): HostPlan {
  if (plan.owners.length > 0 || plan.claims.length === 0) return plan;
  const above = keysAbove(plan.host)
    .map((key) => byHost.get(key))
    .find((found) => found !== undefined);
  if (!above) return plan;
  const whole = restOf(above, byHost);
  const { owners, claims } = whole;
  const own = new Set(plan.claims.map(({ route }) => route));
  const rest = claims
    .map((claim) => ({ ...claim, host: plan.host, route: routeKey({ ...claim, host: plan.host }) }))
    .filter(({ route }) => !own.has(route));
  return { ...plan, owners, claims: [...plan.claims, ...rest], restOf: whole.restOf ?? above.host };
}

/** A wildcard stands for one label, so above it there is only any host. */
function keysAbove(host: string): string[] {
  if (host === ANY_HOST) return [];
  return host.startsWith("*") ? [ANY_HOST] : hostKeys(host).slice(1);
}
