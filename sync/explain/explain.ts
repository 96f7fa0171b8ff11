import { type Answer, type Outcome, ownAnswer } from "../../src/answer.ts";
import { type Exchange, exchangeOf, type Platform } from "../../src/exchange.ts";
import { originTarget } from "../../src/forward/target.ts";
import { handlerOf, type Last } from "../../src/load/host.ts";
import { firstHost } from "../../src/match/host.ts";
import { acceptsPath } from "../../src/match/table.ts";
import { MOST_NESTED } from "../../src/nesting.ts";
import { hostKeys } from "../../src/rules/hosts.ts";
import type { HostRules, PathMatch, Route, Rules } from "../../src/rules/snapshot.ts";

export interface Asked {
  readonly url: string; // as a client writes it: dots and escapes are kept
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What the edge would do with a request, and why. */
export interface Explanation {
  readonly host: string | undefined; // the rules' host that takes the request
  readonly path: string | undefined; // what is matched: decoded, slashes merged, dots resolved
  readonly status: number | "the origin's";
  readonly outcome: Outcome;
  readonly because: string | undefined;
  readonly location: string | undefined; // of a redirect
  readonly route: { readonly id: string; readonly match: PathMatch; readonly backend: string | undefined } | undefined;
  readonly origin: Origin | undefined;
  /** What would be asked before an answer is known: each is taken to answer 200. */
  readonly assumed: readonly string[];
  readonly lost: readonly Lost[];
}

export interface Origin {
  readonly url: string; // what the Worker fetches
  readonly resolveOverride: string | undefined; // the DNS record that it connects to
  readonly addresses: readonly string[];
}

/** A route, or a host's rules, that did not take the request. */
export interface Lost {
  readonly id: string;
  readonly match: PathMatch | undefined;
  readonly why: string;
}

/**
 * Runs a request through the edge's own matcher and filters, up to where it would be forwarded. A request that policies
 * answer is answered; nothing is fetched. `open` gives the texts that were sealed.
 */
export async function explain(rules: Rules, asked: Asked, open: Platform["open"] = closed): Promise<Explanation> {
  const hosts = new Map(rules.hosts.map((host) => [host.host, host]));
  const assumed: string[] = [];
  const exchange = {
    ...exchangeOf(requestOf(asked), platformOf(hosts, open, assumed, 0), asked.url),
    zones: rules.zones,
  };
  const host = firstHost(hosts, exchange.host);
  const reached: Exchange[] = [];
  const answer = await answerOf(host, exchange, reached);
  const route = host?.routes.find(({ id }) => id === answer.route);
  const last = reached[0];
  return {
    host: host?.host,
    path: exchange.path,
    status: last ? "the origin's" : answer.response.status,
    outcome: answer.outcome,
    because: answer.because,
    location: answer.response.headers.get("Location") ?? undefined,
    route: route && { id: route.id, match: route.path, backend: last?.backend ?? route.backend },
    origin: last && host ? originOf(last, host) : undefined,
    assumed,
    lost: [...lostHosts(hosts, exchange.host, host), ...lostRoutes(host, route, exchange.path)],
  };
}

async function answerOf(host: HostRules | undefined, exchange: Exchange, reached: Exchange[]): Promise<Answer> {
  if (exchange.path === undefined) return ownAnswer(exchange, 400, "bad-request", "the path cannot be read");
  if (!host) return ownAnswer(exchange, 404, "no-route");
  const last: Last = () => async (arrived) => {
    if (arrived.backend === undefined) return ownAnswer(arrived, 404, "no-route");
    reached.push(arrived);
    return { response: new Response(null), outcome: "routed" };
  };
  return handlerOf(host, last)(exchange);
}

async function closed(): Promise<never> {
  throw new Error("nothing can be opened here");
}

/** Nothing is asked of anyone: what would be is said. Our own rules answer for themselves. */
function platformOf(
  hosts: ReadonlyMap<string, HostRules>,
  open: Platform["open"],
  assumed: string[],
  nested: number,
): Platform {
  return {
    env: {} as Platform["env"], // no filter that runs here looks at it
    waitUntil: () => {},
    aside: () => {},
    async serve(exchange) {
      if (nested === MOST_NESTED) return ownAnswer(exchange, 508, "loop");
      const platform = platformOf(hosts, open, assumed, nested + 1);
      const reached: Exchange[] = [];
      const answer = await answerOf(firstHost(hosts, exchange.host), { ...exchange, platform }, reached);
      const { scheme, hostHeader, rawPath, query } = exchange;
      if (reached.length > 0) assumed.push(`${scheme}://${hostHeader}${rawPath}${query}`);
      return answer;
    },
    async fetch(url) {
      assumed.push(url);
      return new Response(null);
    },
    open,
    cache: { get: async () => undefined, put: async () => {} },
  };
}

/** The URL is put beside the request, since a Request would resolve its dots. */
function requestOf({ method, headers }: Asked): Request {
  return new Request("http://edgress.invalid/", { method, headers: headers.map(([name, value]) => [name, value]) });
}

function originOf(exchange: Exchange, host: HostRules): Origin | undefined {
  const backend = exchange.backend === undefined ? undefined : host.backends[exchange.backend];
  const first = backend?.addresses[0];
  const target = backend && first && originTarget(exchange, backend, first);
  return target && { ...target, addresses: backend.addresses.map(({ address }) => address) };
}

function lostHosts(hosts: ReadonlyMap<string, HostRules>, asked: string, winner: HostRules | undefined): Lost[] {
  const others = hostKeys(asked).filter((key) => hosts.has(key) && key !== winner?.host);
  return others.map((id) => ({ id, match: undefined, why: `${winner?.host} is the more exact host` }));
}

function lostRoutes(host: HostRules | undefined, winner: Route | undefined, path: string | undefined): Lost[] {
  const others = host?.routes.filter((route) => route !== winner) ?? [];
  return others.map((route) => ({ id: route.id, match: route.path, why: whyLost(route.path, winner?.path, path) }));
}

function whyLost(match: PathMatch, winner: PathMatch | undefined, path: string | undefined): string {
  if (path === undefined) return "the request's path cannot be read";
  if (!acceptsPath(match, path)) return "does not match";
  if (!winner) return "matches, but a policy of the host answered first";
  if (match.type === "regex") return "matches, but a longer expression is tried first";
  return winner.type === "exact" ? "matches, but an exact path goes first" : "matches, but is shorter";
}
