import { matchHost } from "../../src/match/match-host.ts";
import { type ConditionSource, PLAIN_REQUEST } from "../../src/match/request-values.ts";
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

/** The parts of a request that conditions of HTTPRoutes need. */
export interface RequestParts {
  readonly scheme?: "http" | "https"; // https if undefined
  readonly method?: string; // GET if undefined
  /** Anything that returns a header by its name in lower case, such as `Headers`. */
  readonly headers?: { get(name: string): string | null };
  readonly query?: string; // with or without its "?"
}

/** Finds the route for a Host header and a path as the client sends it, without the query. */
export type Matcher = (host: string, path: string, parts?: RequestParts) => RequestMatch | undefined;

/**
 * Returns a matcher over the rules of hosts. It finds no route if the edge answers 400, 404, 414 or 431: a path that cannot
 * be decoded, no matching rule, or a path, query parameter or header that is too long for a regex.
 */
export function createMatcher(hosts: readonly HostRules[]): Matcher {
  const tables = new Map(hosts.map((rules) => [rules.host, buildRouteTable(rules)]));
  return (host, path, parts = {}) => {
    const table = matchHost(tables, normalizeHost(host));
    const normalizedPath = normalizePath(path);
    if (!table || normalizedPath === undefined) return undefined;
    const found = findRoute(
      table,
      normalizedPath,
      table.type === "ordered" ? toConditionSource(host, parts) : PLAIN_REQUEST,
    );
    if (typeof found === "string") return undefined;
    return { host: table.rules.host, route: found.route, captures: found.groups };
  };
}

function toConditionSource(hostHeader: string, { scheme, method, headers, query }: RequestParts): ConditionSource {
  const { request } = PLAIN_REQUEST;
  return {
    scheme: scheme ?? PLAIN_REQUEST.scheme,
    hostHeader,
    query: query ?? "",
    request: { method: method ?? request.method, headers: headers ?? request.headers },
  };
}
