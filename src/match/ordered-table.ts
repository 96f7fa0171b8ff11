import { toByteString } from "../rules/paths.ts";
import type { HostRules, Route } from "../rules/snapshot.ts";
import { type CompiledConditions, type ConditionVerdict, checkConditions, compileConditions } from "./conditions.ts";
import { buildRegexSearch, type RegexSearch } from "./regex-search.ts";
import { type ConditionSource, createRequestValues, type RequestValues } from "./request-values.ts";
import { NO_GROUPS, type RouteMatch } from "./route-match.ts";
import { countSegments, findSegmentsEnd } from "./segments.ts";

/** The routes of a host with conditions. The first route in the list whose path and conditions match answers. */
export interface OrderedTable {
  readonly type: "ordered";
  readonly rules: HostRules;
  readonly exact: PathIndex;
  readonly prefixes: PathIndex; // by text without final slash
  readonly maxSegments: number; // of the deepest prefix; deeper segments are skipped
  readonly findRegex: RegexSearch | undefined; // undefined without any
  readonly check: RouteCheck;
}

/** Positions of routes in the list by path, in their order. */
type PathIndex = ReadonlyMap<string, readonly number[]>;

/** Checks the conditions of the route at a position. */
export type RouteCheck = (position: number, values: RequestValues) => ConditionVerdict;

/** Whether the order of the list decides: a route has conditions, or regexes and other paths are mixed. */
export function needsOrder(routes: readonly Route[]): boolean {
  const startsWithRegex = routes[0]?.path.type === "regex";
  return routes.some(
    ({ path, when }) => when !== undefined || path.type === "full-regex" || (path.type === "regex") !== startsWithRegex,
  );
}

export function buildOrderedTable(rules: HostRules): OrderedTable {
  const { routes } = rules;
  const prefixes = indexPaths(routes, "prefix");
  const check = createRouteCheck(routes);
  return {
    type: "ordered",
    rules,
    exact: indexPaths(routes, "exact"),
    prefixes,
    maxSegments: [...prefixes.keys()].reduce((most, text) => Math.max(most, countSegments(text)), 0),
    findRegex: routes.some(({ path }) => "pattern" in path) ? buildRegexSearch(routes, check) : undefined,
    check,
  };
}

function indexPaths(routes: readonly Route[], type: "exact" | "prefix"): PathIndex {
  const positions = new Map<string, number[]>();
  for (const [position, { path }] of routes.entries()) {
    if (path.type !== type) continue;
    const bytes = toByteString(path.path);
    const text = type === "prefix" && bytes.endsWith("/") ? bytes.slice(0, -1) : bytes;
    const present = positions.get(text);
    if (present) present.push(position);
    else positions.set(text, [position]);
  }
  return positions;
}

/** Compiles the conditions of a route when they are first needed. */
function createRouteCheck(routes: readonly Route[]): RouteCheck {
  const compiled: (CompiledConditions | undefined)[] = [];
  return (position, values) => {
    const when = routes[position]?.when;
    if (!when) return true;
    const conditions = compiled[position] ?? compileConditions(when);
    compiled[position] = conditions;
    return checkConditions(conditions, values);
  };
}

/** Returns the first route that matches a normalized path and a request, or that may match: see `tooLongPart`. */
export function findInOrder(table: OrderedTable, path: string, source: ConditionSource): RouteMatch | undefined {
  const values = createRequestValues(source);
  let first = findFirstAt(table, table.exact.get(path), values, Number.POSITIVE_INFINITY);
  if (table.findRegex) first = table.findRegex(path, values, getEnd(first)) ?? first;
  let end = findSegmentsEnd(path, table.maxSegments);
  while (end >= 0) {
    const positions = table.prefixes.get(end === path.length ? path : path.slice(0, end));
    first = findFirstAt(table, positions, values, getEnd(first)) ?? first;
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return first;
}

function getEnd(match: RouteMatch | undefined): number {
  return match?.position ?? Number.POSITIVE_INFINITY;
}

/** Returns the first route of these positions before the position `end`. */
function findFirstAt(
  { rules, check }: OrderedTable,
  positions: readonly number[] | undefined,
  values: RequestValues,
  end: number,
): RouteMatch | undefined {
  for (const position of positions ?? []) {
    if (position >= end) return undefined;
    const verdict = check(position, values);
    const route = rules.routes[position];
    if (verdict === false || !route) continue;
    const match = { route, position, groups: NO_GROUPS };
    return verdict === true ? match : { ...match, tooLongPart: verdict };
  }
  return undefined;
}
