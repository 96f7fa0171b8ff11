import { bytesOf, MAX_EXPRESSION_SUBJECT } from "../rules/paths.ts";
import type { HostRules, PathMatch, Route } from "../rules/snapshot.ts";

/** A host's routes made ready: found by the segments of a path, or by expressions that are compiled once. */
export type HostTable = SegmentTable | ExpressionTable;

interface SegmentTable {
  readonly type: "segments";
  readonly rules: HostRules;
  readonly exact: ReadonlyMap<string, Route>;
  readonly prefixes: ReadonlyMap<string, Route>;
  readonly deepest: number; // segments of the deepest prefix: what lies below it need not be looked at
}

interface ExpressionTable {
  readonly type: "expressions";
  readonly rules: HostRules;
  readonly ordered: readonly { readonly route: Route; readonly expression: RegExp }[];
}

/** A route found for a path, with the groups of its expression. */
export interface Found {
  readonly route: Route;
  readonly groups: readonly (string | undefined)[];
}

export type Lookup = Found | "nothing" | "too-long";

/** Builds a host's table. Where one path is an expression all are: the compiler sees to it. */
export function tableOf(rules: HostRules): HostTable {
  const ordered = rules.routes.flatMap((route) =>
    route.path.type === "regex" ? [{ route, expression: new RegExp(route.path.pattern, "i") }] : [],
  );
  if (ordered.length > 0) return { type: "expressions", rules, ordered };
  const exact = new Map<string, Route>();
  const prefixes = new Map<string, Route>();
  for (const route of rules.routes) {
    if (route.path.type === "exact") exact.set(bytesOf(route.path.path), route);
    if (route.path.type === "prefix") prefixes.set(bytesOf(route.path.path), route);
  }
  const deepest = Math.max(0, ...[...prefixes.keys()].map((prefix) => prefix.split("/").length));
  return { type: "segments", rules, exact, prefixes, deepest };
}

/** The route that takes a normalised path (a byte string): exact before prefix, longer before shorter. */
export function lookUp(table: HostTable, path: string): Lookup {
  switch (table.type) {
    case "segments": {
      const route = table.exact.get(path) ?? longestPrefix(table, path);
      return route ? { route, groups: [] } : "nothing";
    }
    case "expressions":
      return path.length > MAX_EXPRESSION_SUBJECT ? "too-long" : firstExpression(table, path);
  }
}

/** `"/foo"` and `"/foo/"` both take `/foo` and `/foo/bar`; where both exist each keeps what is spelled like it. */
function longestPrefix({ prefixes, deepest }: SegmentTable, path: string): Route | undefined {
  let end = cutAfter(path, deepest);
  while (end >= 0) {
    const bare = path.slice(0, end);
    const [first, second] = end === path.length ? [bare, `${bare}/`] : [`${bare}/`, bare];
    const route = prefixes.get(first) ?? prefixes.get(second);
    if (route) return route;
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return undefined;
}

/** Where the first `segments` segments of a path end. */
function cutAfter(path: string, segments: number): number {
  let end = 0;
  for (let count = 0; count < segments; count++) {
    end = path.indexOf("/", end + 1);
    if (end < 0) return path.length;
  }
  return end;
}

function firstExpression({ ordered }: ExpressionTable, path: string): Lookup {
  for (const { route, expression } of ordered) {
    const groups = expression.exec(path);
    if (groups) return { route, groups };
  }
  return "nothing";
}

/** Whether a path match alone would take a normalised path, whatever else its host has. */
export function acceptsPath(match: PathMatch, path: string): boolean {
  switch (match.type) {
    case "exact":
      return path === bytesOf(match.path);
    case "prefix": {
      const bare = bytesOf(match.path).replace(/\/$/, "");
      return path === bare || path.startsWith(`${bare}/`);
    }
    case "regex":
      return new RegExp(match.pattern, "i").test(path);
  }
}
