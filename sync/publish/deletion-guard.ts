import { compareText } from "../../src/rules/order.ts";
import type { HostRules, PathMatch, Route } from "../../src/rules/snapshot.ts";
import { digestOf } from "./canonical.ts";
import { hostChanges } from "./host-changes.ts";

const ID_LENGTH = 12;
const MOST_TEXT_BYTES = 500_000; // a ConfigMap takes a million

/** What a publication would take from the edge. */
export interface Removal {
  readonly routes: readonly RemovedRoute[]; // in the order of their lines
  readonly hosts: readonly string[]; // those that lose their last route, in order
}

export interface RemovedRoute {
  readonly ingress: string; // "namespace/name"
  readonly line: string; // for people: "shop.example.com prefix /cart of default/shop#0.1"
}

export interface DeletionLimits {
  /** How many hosts may lose their last route in one round. */
  readonly mostHosts: number;
  /** Whether any number of routes and hosts may go. */
  readonly allowMassDeletion: boolean;
}

/** What the guard makes of a removal. */
export interface Verdict {
  /** Why it is held back; undefined where it may go. */
  readonly heldBack: string | undefined;
  /** Stands for exactly this list; an approval names it. */
  readonly id: string;
  readonly routes: number;
  readonly hosts: number;
  readonly lines: readonly string[]; // first the hosts, then the routes
}

/**
 * The routes of `before` whose host, path type and path no route of `after` has. A route that stays and answers otherwise,
 * be it with 503, is not removed. Hosts whose rules are the same object cost nothing.
 */
export function removalOf(before: readonly HostRules[], after: readonly HostRules[]): Removal {
  const changes = hostChanges(before, after);
  const routes = changes.flatMap((change) => (change.before ? removedFrom(change.before, change.after) : []));
  const hosts = changes.flatMap(({ before, after }) =>
    before && before.routes.length > 0 && !after?.routes.length ? [before.host] : [],
  );
  return { routes: routes.toSorted((a, b) => compareText(a.line, b.line)), hosts: hosts.toSorted(compareText) };
}

/** How many routes there are: what a removal is measured by. */
export function routesIn(hosts: readonly HostRules[]): number {
  return hosts.reduce((sum, { routes }) => sum + routes.length, 0);
}

/** Whether a removal may be published, of `total` published routes. `approved` is the id that someone has confirmed. */
export function judge(removal: Removal, total: number, limits: DeletionLimits, approved: string | undefined): Verdict {
  const lines = linesOf(removal);
  const id = digestOf(lines.join("\n")).slice(0, ID_LENGTH);
  const mayGo = limits.allowMassDeletion || approved === id;
  return {
    heldBack: mayGo ? undefined : excessOf(removal, total, limits),
    id,
    routes: removal.routes.length,
    hosts: removal.hosts.length,
    lines,
  };
}

/** The list of what would go, for a ConfigMap: at most 500 KB. */
export function textOf({ lines }: Verdict): string {
  const kept = lines.slice(0, fitting(lines));
  const more = lines.length - kept.length;
  return [...kept, ...(more > 0 ? [`… and ${more} more`] : []), ""].join("\n");
}

function removedFrom({ host, routes }: HostRules, after: HostRules | undefined): RemovedRoute[] {
  const matches = new Set(after?.routes.map(({ path }) => matchText(path)));
  const byId = new Map(after?.routes.map((route) => [route.id, route]));
  return routes
    .filter(({ id, path }) => !matches.has(matchText(path)) && !isWidened(path, byId.get(id)?.path))
    .map(({ id, path }) => ({ ingress: ingressOf(id), line: `${host} ${matchText(path)} of ${id}` }));
}

/** One expression makes expressions of all paths of its host: a route that becomes one, or ceases to be one, stays. */
function isWidened(before: PathMatch, after: PathMatch | undefined): boolean {
  return after !== undefined && (before.type === "regex") !== (after.type === "regex");
}

/** Why so much may not go unasked. What one Ingress loses is somebody's act, however much of the whole it is. */
function excessOf({ routes, hosts }: Removal, total: number, { mostHosts }: DeletionLimits): string | undefined {
  if (hosts.length > mostHosts)
    return `${hosts.length} hosts would lose their last route, and at most ${mostHosts} may in one round`;
  const ingresses = new Set(routes.map(({ ingress }) => ingress));
  if (ingresses.size > 1 && routes.length * 5 > total)
    return `${routes.length} of ${total} routes, of ${ingresses.size} Ingresses, would go, and at most a fifth may in one round`;
  return undefined;
}

function linesOf({ routes, hosts }: Removal): string[] {
  return [...hosts.map((host) => `host ${host}`), ...routes.map(({ line }) => `route ${line}`)];
}

function matchText(path: PathMatch): string {
  return path.type === "regex" ? `regex ${path.pattern}` : `${path.type} ${path.path}`;
}

/** The Ingress in a route's id, "namespace/ingress#rule.path". */
function ingressOf(id: Route["id"]): string {
  return id.replace(/#.*$/, "");
}

/** How many of the first lines fit, with room for one that counts the rest. */
function fitting(lines: readonly string[]): number {
  let bytes = 100;
  const over = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > MOST_TEXT_BYTES;
  });
  return over === -1 ? lines.length : over;
}
