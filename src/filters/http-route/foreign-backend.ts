import type { Exchange } from "../../request/exchange.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";
import { isEdgeHeader } from "../../rules/edge-headers.ts";

const REASON = "a backend of another namespace gets only the edge's headers about the client";

/** Rejects a request to a backend of another namespace, for a route that changes headers which describe the client. */
export function rejectForeignBackend(exchange: Exchange): EdgeResponse | undefined {
  const { backend } = exchange;
  if (backend === undefined || !isForeign(backend, exchange)) return undefined;
  return errorResponse(exchange, 500, "invalid-filter", REASON);
}

/**
 * Returns the exchange for a further backend. One of another namespace trusts the edge's headers about the client, so no
 * filter may change them there.
 */
export function asExchangeFor(backend: string, exchange: Exchange): Exchange {
  if (!isForeign(backend, exchange)) return exchange;
  return { ...exchange, originHeaders: exchange.originHeaders.filter(([name]) => !isEdgeHeader(name)) };
}

function isForeign(backend: string, { labels }: Exchange): boolean {
  return !backend.startsWith(`${labels.namespace}/`);
}
