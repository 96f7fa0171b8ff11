import { matchHost } from "../../src/match/match-host.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import { normalizeHost } from "../../src/rules/hosts.ts";
import { normalizePath } from "../../src/rules/paths.ts";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";

/** A route that matches a request. */
export interface RequestMatch {
  /** The host of the rules: a name, `*.example.com` or `*`. */
  readonly host: string;
  readonly route: Route;
  /** The capture groups of a regex path. */
  readonly captures: readonly (string | undefined)[];
}

/** Finds the route for a Host header and a path as the client sends it, without the query. */
export type Matcher = (host: string, path: string) => RequestMatch | undefined;

/**
 * Returns a matcher over the rules of hosts. It finds no route if the edge answers 400, 404 or 414: a path that cannot be
 * decoded, no matching rule, or a path over 4 KiB where paths are regexes.
 */
export function createMatcher(hosts: readonly HostRules[]): Matcher {
  const tables = new Map(hosts.map((rules) => [rules.host, buildRouteTable(rules)]));
  return (host, path) => {
    const table = matchHost(tables, normalizeHost(host));
    const normalizedPath = normalizePath(path);
    if (!table || normalizedPath === undefined) return undefined;
    const found = findRoute(table, normalizedPath);
    if (typeof found === "string") return undefined;
    return { host: table.rules.host, route: found.route, captures: found.groups };
  };
}
