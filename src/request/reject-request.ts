import type { Exchange } from "./exchange.ts";
import { type EdgeResponse, errorResponse } from "./response.ts";

/** Returns the error response to a request that no route serves: TRACE, which would show headers of the edge, or an invalid path. */
export function rejectRequest(exchange: Exchange): EdgeResponse | undefined {
  if (exchange.request.method === "TRACE") return errorResponse(exchange, 405, "bad-request", "TRACE is not allowed");
  if (exchange.path === undefined) return errorResponse(exchange, 400, "bad-request", "invalid path");
  return undefined;
}
