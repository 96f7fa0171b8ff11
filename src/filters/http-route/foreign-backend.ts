import type { Exchange } from "../../request/exchange.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";

const REASON = "a backend of another namespace gets only the edge's headers about the client";

/** Rejects a request to a backend of another namespace, for a route that changes headers which describe the client. */
export function rejectForeignBackend(exchange: Exchange): EdgeResponse | undefined {
  const { backend, labels } = exchange;
  if (backend === undefined || backend.startsWith(`${labels.namespace}/`)) return undefined;
  return errorResponse(exchange, 500, "invalid-filter", REASON);
}
