import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext, Next } from "../../request/filter.ts";
import { errorResponse } from "../../request/response.ts";
import { findFilterProblem } from "../../rules/policies/route-filter-problems.ts";
import type { RouteFilter } from "../../rules/policies/route-filters.ts";
import { authorizeRequests } from "./authorize-requests.ts";
import { allowOrigins } from "./cross-origin.ts";
import { changeRequestHeaders, changeResponseHeaders } from "./header-changes.ts";
import { mirrorRequests } from "./mirror-requests.ts";
import { redirectRequest, rewriteUrl } from "./url-changes.ts";

/**
 * Returns one filter that applies all, in their order. Changes of response headers apply to the answers of all the other
 * filters, wherever they are in the list.
 */
export function composeRouteFilters(filters: readonly RouteFilter[], hostContext: HostContext): Filter {
  const changesResponse = ({ type }: RouteFilter) => type === "response-headers";
  const ordered = [...filters.filter(changesResponse), ...filters.filter((filter) => !changesResponse(filter))];
  const [first, ...others] = ordered.map((filter) => createRouteFilter(filter, hostContext));
  return others.reduce(chainFilters, first ?? passOn);
}

function chainFilters(outer: Filter, inner: Filter): Filter {
  return (exchange, next) => outer(exchange, (changed) => inner(changed, next));
}

const passOn: Filter = (exchange: Exchange, next: Next) => next(exchange);

function createRouteFilter(filter: RouteFilter, hostContext: HostContext): Filter {
  const problem = findFilterProblem(filter);
  if (problem !== undefined) return rejectRequests(problem);
  switch (filter.type) {
    case "request-headers":
      return changeRequestHeaders(filter);
    case "response-headers":
      return changeResponseHeaders(filter);
    case "redirect":
      return redirectRequest(filter);
    case "rewrite":
      return rewriteUrl(filter);
    case "mirror":
      return mirrorRequests(filter, hostContext);
    case "cors":
      return allowOrigins(filter);
    case "external-auth":
      return authorizeRequests(filter, hostContext);
    case "reject":
      return rejectRequests(filter.reason);
  }
}

/** A filter that cannot be applied must not be skipped. */
function rejectRequests(reason: string): Filter {
  return async (exchange) => errorResponse(exchange, 500, "invalid-filter", reason);
}
