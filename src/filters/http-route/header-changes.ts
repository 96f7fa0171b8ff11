import type { Exchange } from "../../request/exchange.ts";
import type { Filter } from "../../request/filter.ts";
import { buildOriginHeaders } from "../../request/proxy-headers.ts";
import { withHeaders } from "../../request/response.ts";
import type { RouteFilter } from "../../rules/policies/route-filters.ts";

type RequestHeaderFilter = Extract<RouteFilter, { type: "request-headers" }>;
type ResponseHeaderFilter = Extract<RouteFilter, { type: "response-headers" }>;

/** Changes the headers that the origin gets. */
export function changeRequestHeaders({ set = [], add = [], remove = [] }: RequestHeaderFilter): Filter {
  const replacedHeaders = [...remove.map((name) => [name, undefined] as const), ...set];
  return async (exchange, next) => {
    const changed = { ...exchange, originHeaders: [...exchange.originHeaders, ...replacedHeaders] };
    return next(add.length === 0 ? changed : withAddedHeaders(changed, add));
  };
}

function withAddedHeaders(exchange: Exchange, added: readonly [string, string][]): Exchange {
  const headers = buildOriginHeaders(exchange);
  const originHeaders = added.map(([name, value]) => {
    headers.set(name, joinValues(headers.get(name), value, name.toLowerCase() === "cookie" ? "; " : ","));
    return [name, headers.get(name) ?? value] as const;
  });
  return { ...exchange, originHeaders: [...exchange.originHeaders, ...originHeaders] };
}

/** Changes the headers of every response, with any status. */
export function changeResponseHeaders({ set = [], add = [], remove = [] }: ResponseHeaderFilter): Filter {
  return async (exchange, next) =>
    withHeaders(await next(exchange), (headers) => {
      for (const name of remove) headers.delete(name);
      for (const [name, value] of set) headers.set(name, value);
      for (const [name, value] of add) addResponseHeader(headers, name, value);
    });
}

function addResponseHeader(headers: Headers, name: string, value: string): void {
  // Browsers read only one cookie of a line.
  if (name.toLowerCase() === "set-cookie") headers.append(name, value);
  else headers.set(name, joinValues(headers.get(name), value));
}

function joinValues(present: string | null, added: string, separator = ","): string {
  return present === null ? added : `${present}${separator}${added}`;
}
