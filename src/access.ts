import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

const MAX_TEXT = 512;

/**
 * One line a request for `wrangler tail`: JSON, without query, cookies or any header but the user agent, since those may
 * hold secrets. Times are in milliseconds.
 */
export function logAccess(exchange: Exchange, answer: Answer, generation: number | undefined, ms: number): void {
  const { response, outcome, because, route, backend, origin, originMs, tries, unchecked } = answer;
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      requestId: exchange.id,
      method: exchange.request.method,
      scheme: exchange.scheme,
      host: cut(exchange.host),
      path: cut(exchange.rawPath),
      status: response.status,
      outcome,
      because,
      tries,
      unchecked,
      route,
      backend,
      origin,
      generation,
      edgeMs: ms - (originMs ?? 0),
      originMs,
      client: exchange.clientIp,
      userAgent: cut(exchange.request.headers.get("User-Agent") ?? ""),
    }),
  );
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
