import { defineInternalPolicy } from "./policy.ts";
import { RouteCors, type RouteFilter } from "./route-filters.ts";

/** Set by the compiler only: the CORS filter of an HTTPRoute's rule. It is applied before the guards of the route. */
export const routeCors = /* @__PURE__ */ defineInternalPolicy({
  name: "routeCors",
  doc: "Applies the CORS filter of an HTTPRoute's rule.",
  settings: RouteCors,
});

/**
 * Returns the policies that apply the filters of a rule. Its CORS filter is applied first, wherever it is in the list, because
 * browsers send preflights without credentials.
 */
export function buildFilterPolicies(filters: readonly RouteFilter[]): {
  routeCors?: RouteCors;
  routeFilters?: { filters: RouteFilter[] };
} {
  const cors = filters.find((filter) => filter.type === "cors");
  const others = filters.filter((filter) => filter !== cors);
  return { ...(cors && { routeCors: cors }), ...(others.length > 0 && { routeFilters: { filters: others } }) };
}
