import { needsOrder } from "../../../src/match/ordered-table.ts";
import { compareText } from "../../../src/rules/compare-text.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import type { RemovedRoute } from "./removals.ts";

/**
 * Returns the hosts of `after`, with routes of `before` that were removed. Everything else is as in `after`: the policies
 * of hosts, and every route that stays.
 */
export function restoreRoutes(
  before: readonly HostRules[],
  after: readonly HostRules[],
  removedRoutes: readonly RemovedRoute[],
): readonly HostRules[] {
  if (removedRoutes.length === 0) return after;
  const idsByHost = Map.groupBy(removedRoutes, ({ host }) => host);
  const restoredHosts = new Map(
    before.flatMap((rules) => {
      const ids = new Set(idsByHost.get(rules.host)?.map(({ id }) => id));
      return ids.size === 0 ? [] : [[rules.host, { rules, ids }] as const];
    }),
  );
  const presentHosts = new Set(after.map(({ host }) => host));
  const missingHosts = [...restoredHosts.values()].filter(({ rules }) => !presentHosts.has(rules.host));
  return [
    ...after.map((rules) => {
      const restored = restoredHosts.get(rules.host);
      return restored ? mergeHost(restored.rules, rules, restored.ids) : rules;
    }),
    ...missingHosts.map(({ rules, ids }) => selectRoutes(rules, ids)),
  ].toSorted((a, b) => compareText(a.host, b.host));
}

/** Returns a host with only some of its routes. */
function selectRoutes(rules: HostRules, ids: ReadonlySet<string>): HostRules {
  const routes = rules.routes.filter(({ id }) => ids.has(id));
  return routes.length === rules.routes.length ? rules : { ...rules, routes };
}

/**
 * Adds routes of `before` to `after`. If the host no longer matches by regexes or by conditions, or now does, the routes
 * cannot be mixed: then they are removed, because the routes that stay must not change.
 */
function mergeHost(before: HostRules, after: HostRules, ids: ReadonlySet<string>): HostRules {
  const restoredRoutes = before.routes.filter(({ id }) => ids.has(id));
  if (after.routes.length > 0 && !matchesAlike(before.routes, after.routes)) return after;
  const routes = insertRoutes(before.routes, after.routes, restoredRoutes);
  const texts = restoredRoutes.map((route) => JSON.stringify(route));
  const backends = Object.entries(before.backends).filter(([id]) =>
    texts.some((text) => text.includes(JSON.stringify(id))),
  );
  return { ...after, routes, backends: { ...Object.fromEntries(backends), ...after.backends } };
}

/** Inserts each route before the first route that follows it in `before` and is still in `after`, or at the end. */
function insertRoutes(before: readonly Route[], after: readonly Route[], restoredRoutes: readonly Route[]): Route[] {
  const remainingIds = new Set(after.map(({ id }) => id));
  const successors = new Map<Route, string | undefined>();
  let successor: string | undefined;
  for (const route of before.toReversed()) {
    if (remainingIds.has(route.id)) successor = route.id;
    successors.set(route, successor);
  }
  const restoredBefore = Map.groupBy(restoredRoutes, (route) => successors.get(route));
  return [
    ...after.flatMap((route) => [...(restoredBefore.get(route.id) ?? []), route]),
    ...(restoredBefore.get(undefined) ?? []),
  ];
}

function matchesAlike(before: readonly Route[], after: readonly Route[]): boolean {
  const hasRegex = ({ path }: Route) => path.type === "regex";
  const isOrdered = needsOrder(before);
  return isOrdered === needsOrder(after) && (isOrdered || before.some(hasRegex) === after.some(hasRegex));
}
