import { firstHost } from "../src/match/host.ts";
import { lookUp, tableOf } from "../src/match/table.ts";
import { hostOf } from "../src/rules/hosts.ts";
import { normalisePath } from "../src/rules/paths.ts";
import type { HostRules, Route } from "../src/rules/snapshot.ts";

/** A route that matches a request. */
export interface RouteMatch {
  /** The host of the rules: a name, `*.example.com` or `*`. */
  readonly host: string;
  readonly route: Route;
  /** The capture groups of a regex path. */
  readonly captures: readonly (string | undefined)[];
}

/** Finds the route for a Host header and a path as the client sends it, without the query. */
export type Matcher = (host: string, path: string) => RouteMatch | undefined;

/**
 * Returns a matcher over the rules of hosts. It finds no route if the edge answers 400, 404 or 414: a path that cannot be
 * decoded, no matching rule, or a path over 4 KiB where paths are regexes.
 */
export function createMatcher(hosts: readonly HostRules[]): Matcher {
  const tables = new Map(hosts.map((rules) => [rules.host, tableOf(rules)]));
  return (host, path) => {
    const table = firstHost(tables, hostOf(host));
    const normalised = normalisePath(path);
    if (!table || normalised === undefined) return undefined;
    const found = lookUp(table, normalised);
    if (typeof found === "string") return undefined;
    return { host: table.rules.host, route: found.route, captures: found.groups };
  };
}
