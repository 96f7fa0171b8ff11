import { buildChain } from "../filters/index.ts";
import { createSubrequestSender } from "../forward/subrequest.ts";
import type { RouteMatch } from "../match/route-match.ts";
import { buildRouteTable, findRoute, type MatchResult, type RouteTable } from "../match/route-table.ts";
import type { Exchange, RouteLabels } from "../request/exchange.ts";
import type { HostContext, Next } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { asUnknownClient } from "../request/unknown-client.ts";
import type { HostRules, Route } from "../rules/snapshot.ts";
import { parseNamespace, parseOwnerName } from "../rules/storage/route-id.ts";

/** Creates the end of a filter chain: it forwards requests, or records them for `explain`. */
export type TerminalHandlerFactory = (rules: HostRules) => Next;

/** Prepares the rules of a host for serving, once a generation, so that requests need less work. */
export function createHostHandler(
  rules: HostRules,
  createTerminalHandler: TerminalHandlerFactory,
  sendSubrequest: HostContext["sendSubrequest"] = createSubrequestSender(rules),
): Next {
  const table = buildRouteTable(rules);
  const hostContext: HostContext = {
    rules,
    forward: createTerminalHandler(rules),
    sendSubrequest,
  };
  const findRouteHandler = createRouteHandlers(hostContext);
  const routeRequest = async (exchange: Exchange) => {
    const match = findExchangeRoute(table, exchange);
    return typeof match === "string" ? rejectMatch(exchange, match) : findRouteHandler(match)(exchange, match.groups);
  };
  const chain = buildChain(rules.policies, routeRequest, hostContext);
  return (exchange) => chain(withCheckedCaller(exchange, table));
}

function findExchangeRoute(table: RouteTable, exchange: Exchange): MatchResult {
  return exchange.path === undefined ? "no-match" : findRoute(table, exchange.path, exchange);
}

/** Answers a request without a route. If a value is too long for a regex, the next route could lack a guard. */
function rejectMatch(exchange: Exchange, result: Exclude<MatchResult, RouteMatch>): EdgeResponse {
  switch (result) {
    case "no-match":
      return errorResponse(exchange, 404, "no-route");
    case "path-too-long":
      return errorResponse(exchange, 414, "bad-request", "path too long for a regex");
    case "query-too-long":
      return errorResponse(exchange, 414, "bad-request", "query parameter too long for a regex");
    case "header-too-long":
      return errorResponse(exchange, 431, "bad-request", "header too long for a regex");
  }
}

/** Returns a subrequest as the request of an unknown client if its route belongs to another namespace. */
function withCheckedCaller(exchange: Exchange, table: RouteTable): Exchange {
  const { caller } = exchange;
  if (!caller) return exchange;
  const match = findExchangeRoute(table, exchange);
  const owner = typeof match === "string" ? undefined : parseRouteLabels(match.route).namespace;
  return owner === caller.namespace ? exchange : asUnknownClient(exchange, caller);
}

type RouteHandler = (exchange: Exchange, groups: RouteMatch["groups"]) => Promise<EdgeResponse>;

/** Creates the handler of a route at its first request, because most requests for a large host use few of its routes. */
function createRouteHandlers(hostContext: HostContext): (match: RouteMatch) => RouteHandler {
  const handlers: (RouteHandler | undefined)[] = []; // by position
  return ({ route, position }) => {
    const handler =
      handlers[position] ?? createRouteHandler(route, buildChain(route.policies, hostContext.forward, hostContext));
    handlers[position] = handler;
    return handler;
  };
}

function createRouteHandler(route: Route, chain: Next): RouteHandler {
  const { id, backend } = route;
  const labels = parseRouteLabels(route);
  return async (exchange, groups) => {
    const answer = await chain({ ...exchange, groups, labels, backend });
    return { backend, ...answer, route: id };
  };
}

function parseRouteLabels({ id, backend = "" }: Route): RouteLabels {
  const [, service = "", port = ""] = /^[^/]*\/([^:]*):(.*)$/.exec(backend) ?? [];
  return { namespace: parseNamespace(id), ingress: parseOwnerName(id), service, port };
}
