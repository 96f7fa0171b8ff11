import { buildOriginUrl } from "../../src/forward/origin-url.ts";
import { matchHost } from "../../src/match/match-host.ts";
import { createExchange, type Exchange, type RequestServices } from "../../src/request/exchange.ts";
import type { RequestOutcome } from "../../src/request/outcomes.ts";
import type { HostRules, PathMatch, RouteConditions, Rules } from "../../src/rules/snapshot.ts";
import { memoize } from "../incremental/memoize.ts";
import { type CanarySide, splitsByWeight, withCanarySide } from "./canary-side.ts";
import { type AssumedSubrequest, createOfflineServices, formatFetchedUrl, serveOffline } from "./offline-services.ts";
import { findUnmatchedHosts, findUnmatchedRoutes, type UnmatchedRoute } from "./unmatched.ts";

export type { AssumedSubrequest } from "./offline-services.ts";
export type { UnmatchedRoute } from "./unmatched.ts";

export interface ExplainRequest {
  readonly url: string; // as a client sends it, with its dots and escapes
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** How the edge would answer a request, and why. Of a canary with a weight, it is the primary's side. */
export interface Explanation {
  readonly host: string | undefined; // the host in the rules that matches the request
  readonly path: string | undefined; // the path to match: decoded, slashes merged, dots resolved
  readonly status: number | "from-origin";
  readonly outcome: RequestOutcome;
  readonly reason: string | undefined;
  readonly location: string | undefined; // of a redirect
  readonly route: ExplainedRoute | undefined;
  readonly origin: ExplainedOrigin | undefined;
  /** The other side, if the weight of a canary decides. */
  readonly canary: ExplainedCanary | undefined;
  readonly assumedSubrequests: readonly AssumedSubrequest[];
  readonly unmatchedRoutes: readonly UnmatchedRoute[];
}

export interface ExplainedRoute {
  readonly id: string;
  readonly match: PathMatch;
  readonly when?: RouteConditions;
  readonly backend: string | undefined;
}

export interface ExplainedOrigin {
  readonly url: string; // URL that the Worker fetches
  readonly resolveOverride: string | undefined; // DNS record that it connects to
  readonly addresses: readonly string[];
}

/** The backend that gets `weight` of `total` requests. */
export interface ExplainedCanary {
  readonly weight: number;
  readonly total: number;
  readonly backend: string | undefined;
  readonly origin: ExplainedOrigin | undefined;
}

/**
 * Runs a request through the matcher and filters of the edge, without sending it to an origin. `decrypt` returns the
 * plaintext of encrypted secrets.
 */
export async function explain(
  rules: Rules,
  request: ExplainRequest,
  decrypt: RequestServices["decrypt"] = rejectDecryption,
): Promise<Explanation> {
  const primary = await explainSide(rules, request, decrypt, "primary");
  const policies = primary.matchedRoute?.policies;
  const canarySettings = splitsByWeight(policies?.canary) ? policies?.canary : undefined;
  if (!canarySettings) return { ...primary.explanation, canary: undefined };
  const { route, origin } = (await explainSide(rules, request, decrypt, "canary")).explanation;
  const { weight, total } = canarySettings;
  const isDecidedByWeight = route?.backend !== primary.explanation.route?.backend;
  const canary = isDecidedByWeight ? { weight, total, backend: route?.backend, origin } : undefined;
  return { ...primary.explanation, canary };
}

/** Kept for each rules, because lint explains many requests to the same ones. */
const indexHosts = memoize(
  ({ hosts }: Rules): ReadonlyMap<string, HostRules> => new Map(hosts.map((host) => [host.host, host])),
);

async function explainSide(
  rules: Rules,
  request: ExplainRequest,
  decrypt: RequestServices["decrypt"],
  side: CanarySide,
) {
  const hosts = indexHosts(rules);
  const assumedSubrequests: AssumedSubrequest[] = [];
  const edge = {
    findRules: (name: string) => {
      const host = matchHost(hosts, name);
      return host && withCanarySide(host, side);
    },
    decrypt,
    assume: (subrequest: AssumedSubrequest) => assumedSubrequests.push(subrequest),
  };
  const services = createOfflineServices(edge);
  const exchange = { ...createExchange(buildRequest(request), services, request.url), zones: rules.zones };
  const host = matchHost(hosts, exchange.host);
  const { edgeResponse, forwardedExchange } = await serveOffline(exchange, edge);
  const route = host?.routes.find(({ id }) => id === edgeResponse.route);
  const explanation: Omit<Explanation, "canary"> = {
    host: host?.host,
    path: exchange.path,
    status: forwardedExchange ? "from-origin" : edgeResponse.response.status,
    outcome: edgeResponse.outcome,
    reason: edgeResponse.reason,
    location: edgeResponse.response.headers.get("Location") ?? undefined,
    route: route && {
      id: route.id,
      match: route.path,
      ...(route.when && { when: route.when }),
      backend: forwardedExchange?.backend ?? route.backend,
    },
    origin: forwardedExchange && host ? findExplainedOrigin(forwardedExchange, host) : undefined,
    assumedSubrequests,
    unmatchedRoutes: [...findUnmatchedHosts(hosts, exchange.host, host), ...findUnmatchedRoutes(host, route, exchange)],
  };
  return { explanation, matchedRoute: route };
}

async function rejectDecryption(): Promise<never> {
  throw new Error("decryption is not available");
}

/**
 * Builds a request without the URL, because a Request would resolve its dots. Throws for methods and headers that no request
 * can have. Node has no request with TRACE.
 */
export function buildRequest({ method, headers }: ExplainRequest): Request {
  const isTrace = method.toUpperCase() === "TRACE";
  const request = new Request("http://edgress.invalid/", {
    method: isTrace ? "GET" : method,
    headers: headers.map(([name, value]) => [name, value]),
  });
  return isTrace ? Object.defineProperty(request, "method", { value: "TRACE" }) : request;
}

function findExplainedOrigin(exchange: Exchange, host: HostRules): ExplainedOrigin | undefined {
  const backend = exchange.backend === undefined ? undefined : host.backends[exchange.backend];
  const firstAddress = backend?.addresses[0];
  const target = backend && firstAddress && buildOriginUrl(exchange, backend, firstAddress);
  if (!target) return undefined;
  return {
    ...target,
    url: formatFetchedUrl(target.url),
    addresses: backend.addresses.map(({ address }) => address),
  };
}
