import type { SettingsOf } from "../../src/rules/policies/index.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";

/** The side that the weight of a canary selects. */
export type CanarySide = "primary" | "canary";

/** Returns rules in which each canary's weight selects one side. Its header, cookie and affinity still decide first. */
export function withCanarySide(host: HostRules, side: CanarySide): HostRules {
  if (!host.routes.some(({ policies }) => splitsByWeight(policies.canary))) return host;
  const routes = host.routes.map((route) => {
    const { canary } = route.policies;
    if (!canary || !splitsByWeight(canary)) return route;
    const weight = side === "primary" ? 0 : canary.total;
    return { ...route, policies: { ...route.policies, canary: { ...canary, weight } } };
  });
  return { ...host, routes };
}

/** Whether a share of the requests goes to each side. */
export function splitsByWeight(canary: SettingsOf<"canary"> | undefined): boolean {
  return canary !== undefined && canary.weight > 0 && canary.weight < canary.total;
}
