import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { buildFailureHeaders } from "./default-backend.ts";

// What ingress-nginx tells origins of the client, but not its default backend.
const OMITTED_HEADERS = [
  "X-Real-IP",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Scheme",
  "X-Scheme",
  "X-Original-Forwarded-For",
  "X-Original-Forwarded-Host",
  "Content-Length",
];

/** Has the default backend answer in place of errors, and passes its answer on as it is. */
export function customErrors(settings: SettingsOf<"customErrors">, { forward }: HostContext): Filter {
  const codes = new Set(settings.codes);
  return async (exchange, next) => {
    const answer = await next(exchange);
    if (!codes.has(answer.response.status) || isExempt(answer, settings.onlyOwn)) return answer;
    const skipsAccessLog = answer.skipsAccessLog ?? false;
    const reason = `${answer.response.status} (${answer.outcome}) was replaced`;
    await answer.response.body?.cancel();
    const page =
      settings.backend === undefined
        ? errorResponse(exchange, 404, "no-route")
        : await forward(createErrorPageRequest(exchange, answer.response.status, settings));
    return { ...page, reason, skipsAccessLog };
  };
}

/** A closed route shows nothing but that; and what an authentication service says must reach the client. */
function isExempt({ outcome, isAuthResponse }: EdgeResponse, onlyEdgeErrors: boolean): boolean {
  if (isAuthResponse || outcome === "failed-closed") return true;
  return onlyEdgeErrors && (outcome === "routed" || outcome === "no-route");
}

/** The request for a page: of the same method and query, as nginx's, but without the body, which may be used up. */
function createErrorPageRequest(exchange: Exchange, code: number, settings: SettingsOf<"customErrors">): Exchange {
  const { rawPath, query } = exchange;
  const { url, method, headers, signal } = exchange.request;
  const request = new Request(url, { method, headers, signal });
  const originHeaders: Exchange["originHeaders"] = [
    ...OMITTED_HEADERS.map((name) => [name, undefined] as const),
    ["X-Original-URI", rawPath + query],
    ...buildFailureHeaders(exchange, code, settings),
  ];
  return {
    ...exchange,
    request,
    backend: settings.backend,
    originPath: "/",
    body: null,
    originHost: undefined,
    originHeaders,
  };
}
