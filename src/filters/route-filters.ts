import type { Filter, HostContext } from "../request/filter.ts";
import type { PolicySettings, SettingsOf } from "../rules/policies/index.ts";
import { changesEdgeHeaders } from "../rules/policies/route-filter-problems.ts";
import { composeRouteFilters } from "./http-route/compose-filters.ts";
import { rejectForeignBackend } from "./http-route/foreign-backend.ts";

/** Applies the filters of an HTTPRoute's rule. */
export function routeFilters(
  { filters }: SettingsOf<"routeFilters">,
  hostContext: HostContext,
  { weightedBackends }: Pick<PolicySettings, "weightedBackends"> = {},
): Filter {
  const apply = composeRouteFilters(filters, hostContext);
  // With several backends, the policy that draws one checks it.
  if (weightedBackends || !changesEdgeHeaders(filters)) return apply;
  return async (exchange, next) => rejectForeignBackend(exchange) ?? apply(exchange, next);
}
