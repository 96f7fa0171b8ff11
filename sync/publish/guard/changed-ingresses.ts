import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { memoize } from "../../incremental/memoize.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { findSettingsKey } from "../changes/settings-key.ts";
import { diffHosts, type HostChange } from "./host-changes.ts";

/**
 * Returns the Ingresses ("namespace/name") with new or changed routes in `after`. A route also changes with the addresses
 * of its backend and with the policies of its host. Hosts with the same rules object are skipped.
 */
export function findChangedIngresses(before: readonly HostRules[], after: readonly HostRules[]): Set<string> {
  return new Set(diffHosts(before, after).flatMap(findChangedInHost));
}

function findChangedInHost({ before, after }: HostChange): string[] {
  if (!after) return [];
  const previousTexts = before ? serializeRoutes(before) : new Map<string, string>();
  return [...serializeRoutes(after)].flatMap(([id, text]) =>
    previousTexts.get(id) === text ? [] : [parseRouteOwner(id)],
  );
}

/** Returns the text of each route by id, with its backend and the policies of its host. */
function serializeRoutes({ policies, routes, backends }: HostRules): Map<string, string> {
  return new Map(
    routes.map((route) => {
      const backend = route.backend === undefined ? undefined : backends[route.backend];
      const settings = [policies, route.policies].map(findSettingsKey);
      return [route.id, toCanonicalJson({ settings, route: { ...route, policies: undefined }, backend })];
    }),
  );
}

/** Returns the Ingresses ("namespace/name") that have a route in `hosts`. */
export const findRoutedIngresses = memoize((hosts: readonly HostRules[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const host of hosts) for (const name of findHostIngresses(host)) names.add(name);
  return names;
});

const findHostIngresses = memoize(({ routes }: HostRules) => [...new Set(routes.map(({ id }) => parseRouteOwner(id)))]);
