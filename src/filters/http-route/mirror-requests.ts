import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { buildOriginHeaders } from "../../request/proxy-headers.ts";
import type { RouteFilter } from "../../rules/policies/route-filters.ts";
import { forwardWithCopy, type RequestCopy } from "../request-copy.ts";
import { asExchangeFor } from "./foreign-backend.ts";

type MirrorFilter = Extract<RouteFilter, { type: "mirror" }>;

/** Sends a copy of some requests to another backend. It has path, Host and headers as the filters before it changed them. */
export function mirrorRequests(
  { target, numerator = 1, denominator = 1 }: MirrorFilter,
  hostContext: HostContext,
): Filter {
  return async (exchange, next) =>
    Math.random() * denominator < numerator
      ? forwardWithCopy(buildCopy(target, exchange), true, hostContext, exchange, next)
      : next(exchange);
}

function buildCopy(target: MirrorFilter["target"], exchange: Exchange): RequestCopy {
  return {
    exchange: { ...exchange, rawPath: exchange.originPath },
    target,
    headers: buildOriginHeaders(target.via === "backend" ? asExchangeFor(target.backend, exchange) : exchange),
    host: exchange.originHost,
    identityHeaders: [],
  };
}
