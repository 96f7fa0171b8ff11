import { buildOriginUrl } from "../../src/forward/origin-url.ts";
import { createHostHandler, type TerminalHandlerFactory } from "../../src/load/host-handler.ts";
import { matchHost } from "../../src/match/match-host.ts";
import { acceptsPath } from "../../src/match/route-table.ts";
import {
  createExchange,
  type Exchange,
  MAX_SUBREQUEST_DEPTH,
  type RequestServices,
} from "../../src/request/exchange.ts";
import type { RequestOutcome } from "../../src/request/outcomes.ts";
import { rejectRequest } from "../../src/request/reject-request.ts";
import { type EdgeResponse, errorResponse } from "../../src/request/response.ts";
import { listHostCandidates } from "../../src/rules/hosts.ts";
import type { HostRules, PathMatch, Route, Rules } from "../../src/rules/snapshot.ts";

export interface ExplainRequest {
  readonly url: string; // as a client sends it, with its dots and escapes
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** How the edge would answer a request, and why. */
export interface Explanation {
  readonly host: string | undefined; // the host in the rules that matches the request
  readonly path: string | undefined; // the path to match: decoded, slashes merged, dots resolved
  readonly status: number | "from-origin";
  readonly outcome: RequestOutcome;
  readonly reason: string | undefined;
  readonly location: string | undefined; // of a redirect
  readonly route: { readonly id: string; readonly match: PathMatch; readonly backend: string | undefined } | undefined;
  readonly origin: ExplainedOrigin | undefined;
  /** URLs that the edge would fetch before it answers. Each is assumed to return 200. */
  readonly assumedUrls: readonly string[];
  readonly unmatchedRoutes: readonly UnmatchedRoute[];
}

export interface ExplainedOrigin {
  readonly url: string; // URL that the Worker fetches
  readonly resolveOverride: string | undefined; // DNS record that it connects to
  readonly addresses: readonly string[];
}

/** A route or host that did not match the request. */
export interface UnmatchedRoute {
  readonly id: string;
  readonly match: PathMatch | undefined;
  readonly reason: string;
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
  const hosts = new Map(rules.hosts.map((host) => [host.host, host]));
  const assumedUrls: string[] = [];
  const services = createOfflineServices(hosts, decrypt, (url) => assumedUrls.push(url), 0);
  const exchange = { ...createExchange(buildRequest(request), services, request.url), zones: rules.zones };
  const host = matchHost(hosts, exchange.host);
  const { edgeResponse, forwardedExchange } = await serveRequest(host, exchange);
  const route = host?.routes.find(({ id }) => id === edgeResponse.route);
  return {
    host: host?.host,
    path: exchange.path,
    status: forwardedExchange ? "from-origin" : edgeResponse.response.status,
    outcome: edgeResponse.outcome,
    reason: edgeResponse.reason,
    location: edgeResponse.response.headers.get("Location") ?? undefined,
    route: route && { id: route.id, match: route.path, backend: forwardedExchange?.backend ?? route.backend },
    origin: forwardedExchange && host ? findExplainedOrigin(forwardedExchange, host) : undefined,
    assumedUrls,
    unmatchedRoutes: [
      ...findUnmatchedHosts(hosts, exchange.host, host),
      ...findUnmatchedRoutes(host, route, exchange.path),
    ],
  };
}

interface ServedRequest {
  readonly edgeResponse: EdgeResponse;
  /** The exchange that the edge would forward to an origin. */
  readonly forwardedExchange: Exchange | undefined;
}

async function serveRequest(host: HostRules | undefined, exchange: Exchange): Promise<ServedRequest> {
  let forwardedExchange: Exchange | undefined;
  const terminalHandler: TerminalHandlerFactory = () => async (finalExchange) => {
    if (finalExchange.backend === undefined) return errorResponse(finalExchange, 404, "no-route");
    forwardedExchange ??= finalExchange;
    return { response: new Response(null), outcome: "routed" };
  };
  const serve = (): EdgeResponse | Promise<EdgeResponse> => {
    const rejection = rejectRequest(exchange);
    if (rejection) return rejection;
    if (!host) return errorResponse(exchange, 404, "no-route");
    return createHostHandler(host, terminalHandler)(exchange);
  };
  const edgeResponse = await serve();
  return { edgeResponse, forwardedExchange };
}

async function rejectDecryption(): Promise<never> {
  throw new Error("decryption is not available");
}

/** Creates services that send no requests. They report fetched URLs to `assume`, and serve subrequests from the rules. */
function createOfflineServices(
  hosts: ReadonlyMap<string, HostRules>,
  decrypt: RequestServices["decrypt"],
  assume: (url: string) => void,
  depth: number,
): RequestServices {
  return {
    env: {} as RequestServices["env"], // no filter in explain reads it
    waitUntil: () => {},
    runInBackground: () => {},
    async serve(exchange) {
      if (depth === MAX_SUBREQUEST_DEPTH) return errorResponse(exchange, 508, "subrequest-loop");
      const platform = createOfflineServices(hosts, decrypt, assume, depth + 1);
      const host = matchHost(hosts, exchange.host);
      const { edgeResponse, forwardedExchange } = await serveRequest(host, { ...exchange, platform });
      const { scheme, hostHeader, rawPath, query } = exchange;
      if (forwardedExchange) assume(`${scheme}://${hostHeader}${rawPath}${query}`);
      return edgeResponse;
    },
    async fetch(url) {
      assume(url);
      return new Response(null);
    },
    decrypt,
    cache: { get: async () => undefined, put: async () => {} },
  };
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
  return target && { ...target, addresses: backend.addresses.map(({ address }) => address) };
}

function findUnmatchedHosts(
  hosts: ReadonlyMap<string, HostRules>,
  requestHost: string,
  matchedHost: HostRules | undefined,
): UnmatchedRoute[] {
  const otherHosts = listHostCandidates(requestHost).filter((key) => hosts.has(key) && key !== matchedHost?.host);
  return otherHosts.map((id) => ({ id, match: undefined, reason: `${matchedHost?.host} is more specific` }));
}

function findUnmatchedRoutes(
  host: HostRules | undefined,
  matchedRoute: Route | undefined,
  path: string | undefined,
): UnmatchedRoute[] {
  const otherRoutes = host?.routes.filter((route) => route !== matchedRoute) ?? [];
  return otherRoutes.map((route) => ({
    id: route.id,
    match: route.path,
    reason: explainMismatch(route.path, matchedRoute?.path, path),
  }));
}

function explainMismatch(match: PathMatch, matchedPath: PathMatch | undefined, path: string | undefined): string {
  if (path === undefined) return "the request path is invalid";
  if (!acceptsPath(match, path)) return "does not match";
  if (!matchedPath) return "matches, but a policy of the host answered first";
  if (match.type === "regex") return "matches, but a longer regex has precedence";
  return matchedPath.type === "exact" ? "matches, but an exact path has precedence" : "matches, but is shorter";
}
