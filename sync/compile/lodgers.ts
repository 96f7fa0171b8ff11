import { ANY_HOST, hostKeys } from "../../src/rules/hosts.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { type Claim, routeKey } from "./claims.ts";
import type { HostPlan } from "./grant.ts";
import type { Recall } from "./memory.ts";

/**
 * Joins what lies on one host. A host of which all who claim it may have but part goes on serving the rest as if they were
 * not there: as the alias that it is, by the wildcard above it, or by the rules of any host. A host that is named would else
 * take all of its requests from them.
 */
export function withRest(plans: readonly HostPlan[], redirects: readonly HostRules[]): HostPlan[] {
  if (plans.every(isOwned)) return [...plans];
  const sentOn = new Set(redirects.map(({ host }) => host));
  const whole = new Map(plans.filter(isOwned).map((plan) => [plan.host, plan]));
  const lodgers = new Map(plans.filter((plan) => !isOwned(plan)).map((plan) => [plan.host, plan]));
  const complete = (host: string): HostPlan | undefined => {
    const [own, lodger] = [whole.get(host), lodgers.get(host)];
    if (!lodger || sentOn.has(host)) return lodger ?? own;
    const rest = own ?? keysAbove(host).reduce<HostPlan | undefined>((found, key) => found ?? complete(key), undefined);
    return rest ? joined(lodger, rest) : lodger;
  };
  return [...new Set([...whole.keys(), ...lodgers.keys()])].flatMap((host) => complete(host) ?? []);
}

/** The rules of all hosts. What is sent on of a host is the rest of it, too. */
export function withRedirects(
  compiled: readonly HostRules[],
  redirects: readonly HostRules[],
  recall: Recall,
): HostRules[] {
  const sentOn = new Map(redirects.map((redirect) => [redirect.host, redirect]));
  const shared = new Set<HostRules>();
  const rest = compiled.map((rules) => {
    const redirect = sentOn.get(rules.host);
    if (!redirect) return rules;
    shared.add(redirect);
    return recall("sentOn", rules, [redirect], () => sentOnRest(rules, redirect));
  });
  return [...rest, ...redirects.filter((redirect) => !shared.has(redirect))];
}

function sentOnRest(rules: HostRules, { policies }: HostRules): HostRules {
  const isExpressions = rules.routes.some(({ path }) => path.type === "regex");
  const path = isExpressions ? ({ type: "regex", pattern: "^" } as const) : ({ type: "prefix", path: "/" } as const);
  return { ...rules, routes: [...rules.routes, { id: "#from-to-www", path, policies }] };
}

function joined(lodger: HostPlan, rest: HostPlan): HostPlan {
  const { host } = lodger;
  const onHost = (claim: Claim) => routeKey({ ...claim, host });
  const own = new Set(lodger.claims.map(onHost));
  const others = rest.claims.filter((claim) => !own.has(onHost(claim)));
  const restOf = rest.restOf ?? rest.host;
  return { host, owners: rest.owners, claims: [...lodger.claims, ...others], restOf };
}

function isOwned({ owners }: HostPlan): boolean {
  return owners.length > 0;
}

/** A wildcard stands for one label, so above it there is only any host. */
function keysAbove(host: string): string[] {
  if (host === ANY_HOST) return [];
  return host.startsWith("*") ? [ANY_HOST] : hostKeys(host).slice(1);
}
