import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext, Next } from "../request/filter.ts";
import { readCookie } from "../request/nginx-variables.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import type { PolicySettings, SettingsOf } from "../rules/policies/index.ts";
import { changesEdgeHeaders } from "../rules/policies/route-filter-problems.ts";
import { isAffinityCookieFor } from "./affinity-cookie.ts";
import { composeRouteFilters } from "./http-route/compose-filters.ts";
import { rejectForeignBackend } from "./http-route/foreign-backend.ts";
import { createSessionFilter, readSession } from "./http-route/session.ts";

type WeightedBackends = SettingsOf<"weightedBackends">;

/** Draws a backend for each request by weight, and applies its filters. A client with a session keeps its backend. */
export function weightedBackends(
  settings: WeightedBackends,
  hostContext: HostContext,
  { routeFilters, affinity }: Pick<PolicySettings, "routeFilters" | "affinity"> = {},
): Filter {
  const { choices, session } = settings;
  const keepSession = session && createSessionFilter(session, hostContext);
  const handlers = choices.map((choice) =>
    createChoiceHandler(choice, routeFilters?.filters ?? [], hostContext, keepSession),
  );
  const draw = createDraw(choices.map(({ weight }) => weight));
  const findToken = (exchange: Exchange) =>
    session ? readSession(exchange, session)?.token : affinity && readCookie(exchange, affinity.cookie);
  return async (exchange, next) => {
    const token = findToken(exchange);
    const known = token === undefined ? -1 : choices.findIndex(({ backend }) => isAffinityCookieFor(token, backend));
    const handler = handlers[known >= 0 ? known : draw(Math.random())];
    return handler?.(exchange, next) ?? errorResponse(exchange, 500, "no-backend", "the weights of all backends are 0");
  };
}

/** Returns the index for a number from 0 to 1 (exclusive); -1 if all weights are 0. */
function createDraw(weights: readonly number[]): (random: number) => number {
  const upperBounds = weights.map((_, index) => weights.slice(0, index + 1).reduce((sum, weight) => sum + weight, 0));
  const total = upperBounds.at(-1) ?? 0;
  return (random) => upperBounds.findIndex((bound) => random * total < bound);
}

type ChoiceHandler = (exchange: Exchange, next: Next) => Promise<EdgeResponse>;

function createChoiceHandler(
  { backend, filters = [], status = 500, reason }: WeightedBackends["choices"][number],
  ruleFilters: NonNullable<PolicySettings["routeFilters"]>["filters"],
  hostContext: HostContext,
  keepSession: Filter | undefined,
): ChoiceHandler {
  if (backend === undefined) return async (exchange) => errorResponse(exchange, status, "no-backend", reason);
  const apply = composeRouteFilters(filters, hostContext);
  const needsOwnBackend = changesEdgeHeaders([...ruleFilters, ...filters]);
  return async (exchange, next) => {
    const chosen = { ...exchange, backend };
    const forward: Next = keepSession ? (changed) => keepSession(changed, next) : next;
    return (needsOwnBackend && rejectForeignBackend(chosen)) || apply(chosen, forward);
  };
}
