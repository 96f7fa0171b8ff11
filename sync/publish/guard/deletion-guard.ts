import { compareText } from "../../../src/rules/compare-text.ts";
import type { HostRules, PathMatch } from "../../../src/rules/snapshot.ts";
import { computeDigest } from "../canonical-json.ts";
import { parseIngressName } from "../route-id.ts";
import { diffHosts } from "./host-changes.ts";

const REMOVAL_ID_LENGTH = 12;
const MAX_TEXT_BYTES = 500_000; // a ConfigMap takes a million

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
  readonly maxRemovedHosts: number;
  /** Whether any number of routes and hosts may go. */
  readonly allowMassDeletion: boolean;
}

/** What the guard makes of a removal. */
export interface DeletionVerdict {
  /** Why it is held back; undefined where it may go. */
  readonly blockedReason: string | undefined;
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
export function diffRemovals(before: readonly HostRules[], after: readonly HostRules[]): Removal {
  const changes = diffHosts(before, after);
  const routes = changes.flatMap((change) => (change.before ? findRemovedRoutes(change.before, change.after) : []));
  const hosts = changes.flatMap(({ before, after }) =>
    before && before.routes.length > 0 && !after?.routes.length ? [before.host] : [],
  );
  return { routes: routes.toSorted((a, b) => compareText(a.line, b.line)), hosts: hosts.toSorted(compareText) };
}

/** How many routes there are: what a removal is measured by. */
export function countHostRoutes(hosts: readonly HostRules[]): number {
  return hosts.reduce((sum, { routes }) => sum + routes.length, 0);
}

/** Whether a removal may be published, of `total` published routes. `approved` is the id that someone has confirmed. */
export function checkRemoval(
  removal: Removal,
  totalRoutes: number,
  limits: DeletionLimits,
  approvedId: string | undefined,
): DeletionVerdict {
  const lines = formatLines(removal);
  const id = computeDigest(lines.join("\n")).slice(0, REMOVAL_ID_LENGTH);
  const isAllowed = limits.allowMassDeletion || approvedId === id;
  return {
    blockedReason: isAllowed ? undefined : explainExcess(removal, totalRoutes, limits),
    id,
    routes: removal.routes.length,
    hosts: removal.hosts.length,
    lines,
  };
}

/** The list of what would go, for a ConfigMap: at most 500 KB. */
export function formatRemovalList({ lines }: DeletionVerdict): string {
  const shownLines = lines.slice(0, countFittingLines(lines));
  const hiddenCount = lines.length - shownLines.length;
  return [...shownLines, ...(hiddenCount > 0 ? [`… and ${hiddenCount} more`] : []), ""].join("\n");
}

function findRemovedRoutes({ host, routes }: HostRules, after: HostRules | undefined): RemovedRoute[] {
  const matchTexts = new Set(after?.routes.map(({ path }) => formatMatch(path)));
  const routesById = new Map(after?.routes.map((route) => [route.id, route]));
  return routes
    .filter(({ id, path }) => !matchTexts.has(formatMatch(path)) && !isRegexChange(path, routesById.get(id)?.path))
    .map(({ id, path }) => ({ ingress: parseIngressName(id), line: `${host} ${formatMatch(path)} of ${id}` }));
}

/** One expression makes expressions of all paths of its host: a route that becomes one, or ceases to be one, stays. */
function isRegexChange(before: PathMatch, after: PathMatch | undefined): boolean {
  return after !== undefined && (before.type === "regex") !== (after.type === "regex");
}

/** Why so much may not go unasked. What one Ingress loses is somebody's act, however much of the whole it is. */
function explainExcess(
  { routes, hosts }: Removal,
  totalRoutes: number,
  { maxRemovedHosts }: DeletionLimits,
): string | undefined {
  if (hosts.length > maxRemovedHosts)
    return `${hosts.length} hosts would lose their last route, and at most ${maxRemovedHosts} may in one round`;
  const ingresses = new Set(routes.map(({ ingress }) => ingress));
  if (ingresses.size > 1 && routes.length * 5 > totalRoutes)
    return `${routes.length} of ${totalRoutes} routes, of ${ingresses.size} Ingresses, would go, and at most a fifth may in one round`;
  return undefined;
}

function formatLines({ routes, hosts }: Removal): string[] {
  return [...hosts.map((host) => `host ${host}`), ...routes.map(({ line }) => `route ${line}`)];
}

function formatMatch(path: PathMatch): string {
  return path.type === "regex" ? `regex ${path.pattern}` : `${path.type} ${path.path}`;
}

/** How many of the first lines fit, with room for one that counts the rest. */
function countFittingLines(lines: readonly string[]): number {
  let bytes = 100;
  const overflowIndex = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > MAX_TEXT_BYTES;
  });
  return overflowIndex === -1 ? lines.length : overflowIndex;
}
