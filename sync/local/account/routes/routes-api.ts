import type { ApiCall, ApiReply } from "../api-types.ts";
import { isInZone, type LocalZone } from "../zones/zone-store.ts";
import { parseRoutePattern } from "./route-pattern.ts";
import {
  type LocalRoute,
  type RouteFields,
  type RouteRejection,
  type RouteStore,
  rejectRoute,
  takeRouteFault,
} from "./route-store.ts";

/** Responds to a call at `/zones/ID/workers/routes`. */
export function handleRouteCall(call: ApiCall, { name: zone }: LocalZone, routes: RouteStore): ApiReply | undefined {
  const [id, ...rest] = call.path.slice(4);
  if (rest.length > 0) return undefined;
  if (takeRouteFault(routes.faults, "rateLimits"))
    return { ...rejectRoute(429, 10429, "Too many requests"), headers: { "retry-after": "1" } };
  if (id === undefined) {
    if (call.method === "GET") return { result: routes.list(zone).map(formatRoute) }; // in one page
    return call.method === "POST" ? formatSaved(routes.save(zone, readFields(call))) : undefined;
  }
  const route = routes.list(zone).find((candidate) => candidate.id === id);
  if (!route) return rejectRoute(404, 10009, "workers.api.error.route_not_found");
  switch (call.method) {
    case "GET":
      return { result: formatRoute(route) };
    case "PUT":
      return formatSaved(routes.save(zone, readFields(call), id));
    case "DELETE":
      routes.remove(zone, (candidate) => candidate.id === id);
      return { result: { id } };
    default:
      return undefined;
  }
}

interface ScriptRoute {
  readonly pattern: string;
  readonly zone_id?: string;
  readonly zone_name?: string;
}

/**
 * Sets all routes of a script, as `wrangler deploy` does: `PUT /accounts/ID/workers/scripts/NAME/routes`. Deletes its other
 * routes in every zone.
 */
export function replaceScriptRoutes(
  { body }: ApiCall,
  script: string,
  zones: readonly LocalZone[],
  routes: RouteStore,
): ApiReply {
  const wantedRoutes = JSON.parse(body.toString()) as readonly (ScriptRoute | string)[];
  const entries = wantedRoutes.map((route) => (typeof route === "string" ? { pattern: route } : route));
  const rejection = routes.transact(() => {
    for (const { name } of zones) routes.remove(name, (route) => route.script === script);
    for (const entry of entries) {
      const zone = findRouteZone(entry, zones);
      if (!zone) return rejectRoute(400, 10022, `Invalid route pattern: ${entry.pattern}`);
      const saved = routes.save(zone.name, { pattern: entry.pattern, script });
      if ("status" in saved) return saved;
    }
    return undefined;
  });
  return rejection ?? { result: entries.map(({ pattern }) => ({ pattern })) };
}

function findRouteZone({ pattern, zone_id, zone_name }: ScriptRoute, zones: readonly LocalZone[]) {
  return [...zones]
    .filter(({ id, name }) => (zone_id ?? id) === id && isInZone(name, zone_name ?? name))
    .sort((a, b) => b.name.length - a.name.length)
    .find(({ name }) => parseRoutePattern(pattern, name) !== undefined);
}

function readFields({ body }: ApiCall): RouteFields {
  const { pattern, script } = JSON.parse(body.toString()) as { pattern?: unknown; script?: string | null };
  return { pattern, script: script || undefined };
}

function formatSaved(saved: LocalRoute | RouteRejection): ApiReply {
  return "status" in saved ? saved : { result: formatRoute(saved) };
}

function formatRoute({ id, pattern, script }: LocalRoute): object {
  return { id, pattern, ...(script !== undefined && { script }) };
}
