import { compareText } from "../../../src/rules/compare-text.ts";
import type { HostRules, PathMatch } from "../../../src/rules/snapshot.ts";
import { computeDigest } from "../canonical-json.ts";
import { parseIngressName } from "../route-id.ts";
import { diffHosts } from "./host-changes.ts";

const REMOVAL_ID_LENGTH = 12;
const MAX_TEXT_BYTES = 500_000; // the limit of a ConfigMap is 1 MiB

/** Routes and hosts that a publication would remove. */
export interface Removal {
  readonly routes: readonly RemovedRoute[]; // sorted by line
  readonly hosts: readonly string[]; // hosts that lose their last route, sorted
}

export interface RemovedRoute {
  readonly ingress: string; // "namespace/name"
  readonly line: string; // for display: "shop.example.com prefix /cart of default/shop#0.1"
}

export interface DeletionLimits {
  /** Maximum number of hosts that may lose their last route in one sync. */
  readonly maxRemovedHosts: number;
  /** Disables the limits. */
  readonly allowMassDeletion: boolean;
}

/** Result of a removal check. */
export interface DeletionVerdict {
  /** Reason for blocking the removal; undefined if it is allowed. */
  readonly blockedReason: string | undefined;
  /** Digest of exactly these lines. An approval contains it. */
  readonly id: string;
  readonly routes: number;
  readonly hosts: number;
  readonly lines: readonly string[]; // first the hosts, then the routes
}

/**
 * Returns the routes of `before` whose host, path type and path are not in `after`. A route that still exists, but answers
 * differently, even with 503, is not removed. Hosts with the same rules object are skipped.
 */
export function diffRemovals(before: readonly HostRules[], after: readonly HostRules[]): Removal {
  const changes = diffHosts(before, after);
  const routes = changes.flatMap((change) => (change.before ? findRemovedRoutes(change.before, change.after) : []));
  const hosts = changes.flatMap(({ before, after }) =>
    before && before.routes.length > 0 && !after?.routes.length ? [before.host] : [],
  );
  return { routes: routes.toSorted((a, b) => compareText(a.line, b.line)), hosts: hosts.toSorted(compareText) };
}

/** Counts the routes of hosts. */
export function countHostRoutes(hosts: readonly HostRules[]): number {
  return hosts.reduce((sum, { routes }) => sum + routes.length, 0);
}

/** Checks a removal from `totalRoutes` published routes. A removal with the id `approvedId` is allowed. */
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

/** Formats the removed routes and hosts for a ConfigMap, up to 500 KB. */
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

/** Whether a route became a regex or stopped being one. One regex turns all paths of its host into regexes. */
function isRegexChange(before: PathMatch, after: PathMatch | undefined): boolean {
  return after !== undefined && (before.type === "regex") !== (after.type === "regex");
}

/** Returns why a removal exceeds the limits. The 20 % limit needs two Ingresses: deleting one is intended. */
function explainExcess(
  { routes, hosts }: Removal,
  totalRoutes: number,
  { maxRemovedHosts }: DeletionLimits,
): string | undefined {
  if (hosts.length > maxRemovedHosts)
    return `${hosts.length} hosts would lose their last route; the limit is ${maxRemovedHosts} per sync`;
  const ingresses = new Set(routes.map(({ ingress }) => ingress));
  if (ingresses.size > 1 && routes.length * 5 > totalRoutes)
    return `${routes.length} of ${totalRoutes} routes of ${ingresses.size} Ingresses would be removed; the limit is 20 % per sync`;
  return undefined;
}

function formatLines({ routes, hosts }: Removal): string[] {
  return [...hosts.map((host) => `host ${host}`), ...routes.map(({ line }) => `route ${line}`)];
}

function formatMatch(path: PathMatch): string {
  return path.type === "regex" ? `regex ${path.pattern}` : `${path.type} ${path.path}`;
}

/** Counts the lines that fit, with 100 bytes reserved for the line that counts the others. */
function countFittingLines(lines: readonly string[]): number {
  let bytes = 100;
  const overflowIndex = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > MAX_TEXT_BYTES;
  });
  return overflowIndex === -1 ? lines.length : overflowIndex;
}
