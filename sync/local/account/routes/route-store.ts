import { randomBytes } from "node:crypto";
import type { ApiReply } from "../api-types.ts";
import { bySpecificity, matchesRoute, parseRoutePattern, type RoutePattern } from "./route-pattern.ts";

/** A Workers route. It has no owner, comment or tag. */
export interface LocalRoute {
  readonly id: string;
  readonly pattern: string;
  /** Without a script, the route's requests run no Worker. */
  readonly script?: string;
}

export interface RouteFields {
  readonly pattern: unknown;
  readonly script: string | undefined;
}

type StoredRoute = LocalRoute & { readonly parsedPattern: RoutePattern };
export type RouteRejection = Extract<ApiReply, { status: number }>;

/** Faults of the Workers routes. Each number counts down, one per call. */
export interface RouteFaults {
  /** Do not see the script of a route yet, as after its upload. */
  unseenScripts: number;
  /** Return 429 with the code of the routes' own rate limit. */
  rateLimits: number;
}

/** The Workers routes of the account's zones, in memory. */
export interface RouteStore {
  readonly faults: RouteFaults;
  list(zone: string): readonly LocalRoute[];
  /** Returns the most specific route of a zone that matches a URL. */
  find(zone: string, url: URL): LocalRoute | undefined;
  /** Adds a route, or replaces the route `replacedId`. Returns the reason if Cloudflare refuses it. */
  save(zone: string, fields: RouteFields, replacedId?: string): LocalRoute | RouteRejection;
  remove(zone: string, isRemoved: (route: LocalRoute) => boolean): void;
  /** Runs `change`. Restores all routes if it returns an error. */
  transact(change: () => RouteRejection | undefined): RouteRejection | undefined;
}

const MAX_ROUTES = 1000;

/** Creates the store. `hasScript` returns whether the account has a script. */
export function createRouteStore(hasScript: (name: string) => boolean): RouteStore {
  let routesByZone: ReadonlyMap<string, readonly StoredRoute[]> = new Map();
  const list = (zone: string) => routesByZone.get(zone) ?? [];
  const replace = (zone: string, routes: readonly StoredRoute[]) => {
    routesByZone = new Map([...routesByZone, [zone, routes]]);
  };
  const faults: RouteFaults = { unseenScripts: 0, rateLimits: 0 };
  const isKnown = (script: string) => !takeRouteFault(faults, "unseenScripts") && hasScript(script);
  return {
    faults,
    list,
    find: (zone, url) =>
      [...list(zone)]
        .sort((a, b) => bySpecificity(a.parsedPattern, b.parsedPattern))
        .find(({ parsedPattern }) => matchesRoute(parsedPattern, url)),
    save(zone, { pattern, script }, replacedId) {
      const parsedPattern = parseRoutePattern(String(pattern), zone);
      if (!parsedPattern) return rejectRoute(400, 10022, "Invalid route pattern");
      if (script !== undefined && !isKnown(script))
        return rejectRoute(404, 10019, "workers.api.error.script_not_found");
      const others = list(zone).filter(({ id }) => id !== replacedId);
      if (others.some((route) => route.pattern === parsedPattern.text))
        return rejectRoute(409, 10020, "A route with the same pattern already exists");
      // The real code is not known.
      if (others.length >= MAX_ROUTES) return rejectRoute(400, 10024, `The zone has ${MAX_ROUTES} routes already`);
      const id = replacedId ?? randomBytes(16).toString("hex");
      const route: StoredRoute = { id, pattern: parsedPattern.text, ...(script && { script }), parsedPattern };
      replace(zone, [...others, route]);
      return route;
    },
    remove: (zone, isRemoved) =>
      replace(
        zone,
        list(zone).filter((route) => !isRemoved(route)),
      ),
    transact(change) {
      const before = routesByZone;
      const rejection = change();
      if (rejection) routesByZone = before;
      return rejection;
    },
  };
}

/** Whether the next fault is to happen. If so, counts it. */
export function takeRouteFault(faults: RouteFaults, fault: keyof RouteFaults): boolean {
  if (faults[fault] <= 0) return false;
  faults[fault] -= 1;
  return true;
}

/** Returns an error of the Workers routes. */
export function rejectRoute(status: number, code: number, message: string): RouteRejection {
  return { status, code, message };
}
