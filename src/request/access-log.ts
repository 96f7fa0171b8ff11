import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

const MAX_FIELD_LENGTH = 512;

/**
 * One line a request for `wrangler tail`: JSON, without query, cookies or any header but the user agent, since those may
 * hold secrets. Times are in milliseconds.
 */
export function logAccess(
  exchange: Exchange,
  answer: EdgeResponse,
  generation: number | undefined,
  durationMs: number,
): void {
  const { response, outcome, reason, route, backend, origin, originMs, attempts, rateLimitSkipped } = answer;
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      requestId: exchange.id,
      method: exchange.request.method,
      scheme: exchange.scheme,
      host: truncate(exchange.host),
      path: truncate(exchange.rawPath),
      status: response.status,
      outcome,
      reason,
      attempts,
      rateLimitSkipped,
      route,
      backend,
      origin,
      generation,
      edgeMs: durationMs - (originMs ?? 0),
      originMs,
      clientIp: exchange.clientIp,
      userAgent: truncate(exchange.request.headers.get("User-Agent") ?? ""),
    }),
  );
}

function truncate(text: string): string {
  return text.length > MAX_FIELD_LENGTH ? `${text.slice(0, MAX_FIELD_LENGTH)}…` : text;
}
