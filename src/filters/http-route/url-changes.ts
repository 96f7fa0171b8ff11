import type { Exchange } from "../../request/exchange.ts";
import type { Filter } from "../../request/filter.ts";
import { errorResponse, redirectResponse } from "../../request/response.ts";
import { findZone, isIpAddress } from "../../rules/hosts.ts";
import type { RouteFilter } from "../../rules/policies/route-filters.ts";
import { PROXIED_PORTS } from "../../rules/proxied-ports.ts";
import { createPathChange } from "./change-path.ts";

type RedirectFilter = Extract<RouteFilter, { type: "redirect" }>;
type RewriteFilter = Extract<RouteFilter, { type: "rewrite" }>;

/** Redirects every request. Parts that the filter does not set are the request's own, but for the port of its Host. */
export function redirectRequest({ scheme, host, port, path, code }: RedirectFilter): Filter {
  const changePath = path ? createPathChange(path) : ({ rawPath }: Exchange) => rawPath;
  return async (exchange) => {
    const targetScheme = scheme ?? exchange.scheme;
    // A listener has the default port of its scheme, so the port is that of the scheme or of the filter.
    const portSuffix = port === undefined || port === PROXIED_PORTS[targetScheme][0] ? "" : `:${port}`;
    const origin = `${targetScheme}://${host ?? exchange.host}${portSuffix}`;
    return redirectResponse(code, `${origin}${changePath(exchange)}${exchange.query}`);
  };
}

/** Changes Host and path for the origin. The query is kept. */
export function rewriteUrl({ host, path }: RewriteFilter): Filter {
  const changePath = path && createPathChange(path);
  return async (exchange, next) => {
    if (host !== undefined && !canSendHost(host, exchange)) {
      return errorResponse(exchange, 500, "invalid-filter", `${host} is not in the zone of ${exchange.host}`);
    }
    return next({
      ...exchange,
      ...(host !== undefined && { originHost: host }),
      ...(changePath && { originPath: changePath(exchange) }),
    });
  };
}

/** Cloudflare sends only a host in the zone of the client's. A client's address as host occurs only on the local edge. */
function canSendHost(host: string, exchange: Exchange): boolean {
  const zone = findZone(host, exchange.zones);
  return zone !== undefined && (isIpAddress(exchange.host) || zone === findZone(exchange.host, exchange.zones));
}
