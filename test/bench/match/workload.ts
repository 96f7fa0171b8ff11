import { type ConditionSource, PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";

/** Prefixes of every host. */
export const PATHS = ["/", "/api", "/api/v2", "/static", "/login", "/assets/img", "/docs", "/ws"] as const;

/** A request, and the route that must match it. */
export interface MatchRequest {
  readonly host: string;
  readonly path: string;
  readonly route: string; // "HOST PREFIX", and the condition
  readonly source: ConditionSource;
  readonly headers: Readonly<Record<string, string>>; // those of the source
}

export function buildHostName(index: number): string {
  return `host-${index}.example.com`;
}

/** Returns the rules of a host as an isolate gets them: parsed, so that no host shares its texts with others. */
export function buildHostRules(index: number): HostRules {
  const host = buildHostName(index);
  const routes = PATHS.map((path) => ({ id: `${host} ${path}`, path: { type: "prefix", path }, policies: {} }));
  return JSON.parse(JSON.stringify({ host, policies: {}, routes, backends: {} })) as HostRules;
}

/** Conditions of the three routes of each path, in the order of matching, by the end of the route's name. */
export const CONDITIONS: readonly (readonly [name: string, when: Route["when"]])[] = [
  [" POST", { method: "POST" }],
  [" red", { headers: [{ name: "x-color", value: "red" }] }],
  ["", undefined],
];

/** Returns the rules of a host with three routes for each path: two with conditions, and one without. */
export function buildConditionedRules(index: number): HostRules {
  const { routes, ...rules } = buildHostRules(index);
  const longestFirst = routes.toSorted((a, b) => byLength(b) - byLength(a));
  const conditioned = longestFirst.flatMap((route) =>
    CONDITIONS.map(([name, when]) => ({ ...route, id: route.id + name, ...(when && { when }) })),
  );
  return JSON.parse(JSON.stringify({ ...rules, routes: conditioned })) as HostRules;
}

function byLength({ path }: Route): number {
  return path.type === "prefix" ? path.path.length : 0;
}

/** Returns the requests for plain routes, of which a third has each of the conditions. */
export function buildConditionedRequests(count: number, hosts: number): MatchRequest[] {
  return buildRequests(count, hosts).map((request, index): MatchRequest => {
    const [name, when] = CONDITIONS[index % CONDITIONS.length] ?? ["", undefined];
    const headers: Record<string, string> = { accept: "*/*", ...(when?.headers && { "x-color": "red" }) };
    const get = (header: string) => headers[header] ?? null;
    const source = { ...PLAIN_REQUEST, request: { method: when?.method ?? "GET", headers: { get } } };
    return { ...request, route: request.route + name, headers, source };
  });
}

/** Returns requests for hosts and paths in random order, the same ones in every run. */
export function buildRequests(count: number, hosts: number): MatchRequest[] {
  const next = createRandom(3);
  return Array.from({ length: count }, () => {
    const host = buildHostName(Math.floor(next() * hosts));
    const prefix = PATHS[Math.floor(next() * PATHS.length)] ?? "/";
    return {
      host,
      path: `${prefix === "/" ? "" : prefix}/users/42`,
      route: `${host} ${prefix}`,
      source: PLAIN_REQUEST,
      headers: {},
    };
  });
}

/** Returns a generator of numbers in [0, 1) that is the same in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
