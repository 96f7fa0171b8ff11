import { ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { Next } from "../filters/filter.ts";
import { chainOf } from "../filters/index.ts";
import { lookUp, tableOf } from "../match/table.ts";
import type { HostRules, Route } from "../rules/snapshot.ts";

/** What comes after a route's filters: forwarding, or for `explain` saying what would be forwarded. */
export type Last = (route: Route, rules: HostRules) => Next;

/** Makes a host's rules ready to serve: does once a generation all that a request would else have to do. */
export function handlerOf(rules: HostRules, last: Last): Next {
  const table = tableOf(rules);
  const chains = new Map(rules.routes.map((route) => [route, chainOf(route.policies, last(route, rules))]));
  const routed = async (exchange: Exchange) => {
    const found = exchange.path === undefined ? "nothing" : lookUp(table, exchange.path);
    if (found === "nothing") return ownAnswer(exchange, 404, "no-route");
    if (found === "too-long") return ownAnswer(exchange, 414, "bad-request", "the path is too long for an expression");
    const answer = await chainFor(chains, found.route)({ ...exchange, groups: found.groups });
    return { ...answer, route: found.route.id, backend: found.route.backend };
  };
  return chainOf(rules.policies, routed);
}

function chainFor(chains: ReadonlyMap<Route, Next>, route: Route): Next {
  return chains.get(route) ?? (async (exchange) => ownAnswer(exchange, 404, "no-route"));
}
