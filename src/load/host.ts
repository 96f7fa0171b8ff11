import { ownAnswer } from "../answer.ts";
import type { Exchange, Labels } from "../exchange.ts";
import type { Next } from "../filters/filter.ts";
import { chainOf } from "../filters/index.ts";
import { type Found, lookUp, tableOf } from "../match/table.ts";
import type { HostRules, Route } from "../rules/snapshot.ts";

/** What comes after a route's filters: forwarding, or for `explain` saying what would be forwarded. */
export type Last = (rules: HostRules) => Next;

/** Makes a host's rules ready to serve: does once a generation all that a request would else have to do. */
export function handlerOf(rules: HostRules, last: Last): Next {
  const table = tableOf(rules);
  const site = { rules, forward: last(rules) };
  const ready = new Map(
    rules.routes.map((route) => [route, readyRoute(route, chainOf(route.policies, site.forward, site))]),
  );
  const routed = async (exchange: Exchange) => {
    const found = exchange.path === undefined ? "nothing" : lookUp(table, exchange.path);
    if (found === "nothing") return ownAnswer(exchange, 404, "no-route");
    if (found === "too-long") return ownAnswer(exchange, 414, "bad-request", "the path is too long for an expression");
    return ready.get(found.route)?.(exchange, found.groups) ?? ownAnswer(exchange, 404, "no-route");
  };
  return chainOf(rules.policies, routed, site);
}

function readyRoute(route: Route, chain: Next) {
  const { id, backend } = route;
  const labels = labelsOf(route);
  return async (exchange: Exchange, groups: Found["groups"]) => {
    const answer = await chain({ ...exchange, groups, labels, backend });
    return { backend, ...answer, route: id };
  };
}

function labelsOf({ id, backend = "" }: Route): Labels {
  const [, namespace = "", ingress = ""] = /^([^/]*)\/([^#]*)/.exec(id) ?? [];
  const [, service = "", port = ""] = /\/([^:]*):(.*)$/.exec(backend) ?? [];
  return { namespace, ingress, service, port };
}
