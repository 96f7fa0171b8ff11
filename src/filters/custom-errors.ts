import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { UPGRADE_HEADERS } from "../rules/edge-headers.ts";
import type { PolicySettings, SettingsOf } from "../rules/policies/index.ts";
import { listWithheldHeaders } from "./authorization/withheld-headers.ts";
import { buildFailureHeaders } from "./default-backend.ts";
import { listAuthFilters, listServiceOnlyHeaders } from "./http-route/service-headers.ts";

// Headers that ingress-nginx sends to origins, but not to its default backend.
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
  ...UPGRADE_HEADERS,
];

/** The policies that get headers from an authentication service. */
type GuardPolicy = "authorization" | "routeFilters" | "weightedBackends";

const CREDENTIALS = ["Authorization", "Cookie"];

/**
 * Replaces errors with the unchanged response of the default backend. It gets no credentials, and no headers that the
 * authorization of the route withholds from clients.
 */
export function customErrors(
  settings: SettingsOf<"customErrors">,
  { forward }: HostContext,
  { authorization, ...routePolicies }: Pick<PolicySettings, GuardPolicy> = {},
): Filter {
  const authorizationHeaders = authorization ? listWithheldHeaders(authorization) : [];
  const authFilters = listAuthFilters(routePolicies);
  const codes = new Set(settings.codes);
  return async (exchange, next) => {
    const answer = await next(exchange);
    if (!codes.has(answer.response.status) || isExempt(answer, settings.onlyOwn)) return answer;
    const skipsAccessLog = answer.skipsAccessLog ?? false;
    const reason = `replaced ${answer.response.status} (${answer.outcome})`;
    await answer.response.body?.cancel();
    const serviceHeaders = authFilters.flatMap((filter) => listServiceOnlyHeaders(filter, exchange));
    const withheldHeaders = [...authorizationHeaders, ...serviceHeaders];
    const page =
      settings.backend === undefined
        ? errorResponse(exchange, 404, "no-route")
        : await forward(createErrorPageRequest(exchange, answer.response.status, settings, withheldHeaders));
    return { ...page, reason, skipsAccessLog };
  };
}

/** Responses of a closed route and of an authentication service are not replaced. */
function isExempt({ outcome, isAuthResponse }: EdgeResponse, onlyEdgeErrors: boolean): boolean {
  if (isAuthResponse || outcome === "failed-closed") return true;
  return onlyEdgeErrors && (outcome === "routed" || outcome === "no-route");
}

/** Builds the request for a page: same method and query, as in nginx, but no body, because it may be consumed. */
function createErrorPageRequest(
  exchange: Exchange,
  code: number,
  settings: SettingsOf<"customErrors">,
  withheldHeaders: readonly string[],
): Exchange {
  const { rawPath, query } = exchange;
  const { url, method, headers, signal } = exchange.request;
  const request = new Request(url, { method, headers, signal });
  const originHeaders: Exchange["originHeaders"] = [
    ...[...OMITTED_HEADERS, ...CREDENTIALS, ...withheldHeaders].map((name) => [name, undefined] as const),
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
