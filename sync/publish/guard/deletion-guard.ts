import type { HostRules } from "../../../src/rules/snapshot.ts";
import { computeDigest } from "../canonical-json.ts";
import { createLossCheck, type NamespaceLoss } from "./deletion-limits.ts";
import { countHostRoutes, diffRemovals, type RemovedRoute } from "./removals.ts";
import { restoreRoutes } from "./restore-routes.ts";

const REMOVAL_ID_LENGTH = 12;
const MAX_TEXT_BYTES = 500_000; // of all lists; the limit of a ConfigMap is 1 MiB

export interface DeletionLimits {
  /** Maximum number of hosts on which a namespace may lose its last route in one sync. */
  readonly maxRemovedHosts: number;
  /** Disables the limits. */
  readonly allowMassDeletion: boolean;
}

/** The removals of a namespace that stay published until they are approved. */
export interface BlockedRemoval {
  readonly namespace: string;
  readonly reason: string;
  /** Digest of exactly these lines. An approval contains it. It does not depend on other namespaces. */
  readonly id: string;
  readonly routes: readonly RemovedRoute[];
  readonly lines: readonly string[]; // first the hosts, then the routes
}

/** The hosts to publish, and the removals that they do not contain. */
export interface GuardedHosts {
  readonly hosts: readonly HostRules[];
  readonly blockedRemovals: readonly BlockedRemoval[];
}

/**
 * Keeps the routes of `before` whose removal exceeds the limits, for each namespace alone. Everything else of `after` is
 * published: other namespaces, and the changes of routes that stay. A removal with an id in `approvedIds` is allowed.
 */
export function guardDeletions(
  before: readonly HostRules[],
  after: readonly HostRules[],
  limits: DeletionLimits,
  approvedIds: ReadonlySet<string>,
): GuardedHosts {
  const removal = diffRemovals(before, after);
  if (limits.allowMassDeletion || removal.routes.length === 0) return { hosts: after, blockedRemovals: [] };
  const hostsByNamespace = Map.groupBy(removal.hosts, ({ namespace }) => namespace);
  const losses = [...Map.groupBy(removal.routes, ({ namespace }) => namespace)].map(([namespace, routes]) => ({
    namespace,
    routes,
    hosts: hostsByNamespace.get(namespace) ?? [],
  }));
  const explainLoss = createLossCheck(losses, {
    totalRoutes: countHostRoutes(before),
    remainingRoutes: countHostRoutes(after),
    maxRemovedHosts: limits.maxRemovedHosts,
  });
  const blockedRemovals = losses
    .map((loss) => ({ loss, reason: explainLoss(loss) }))
    .flatMap(({ loss, reason }) => (reason === undefined ? [] : [buildBlockedRemoval(loss, reason)]))
    .filter(({ id }) => !approvedIds.has(id));
  const blockedRoutes = blockedRemovals.flatMap(({ routes }) => routes);
  return { hosts: restoreRoutes(before, after, blockedRoutes), blockedRemovals };
}

function buildBlockedRemoval({ namespace, routes, hosts }: NamespaceLoss, reason: string): BlockedRemoval {
  const lines = [...hosts.map(({ host }) => `host ${host}`), ...routes.map(({ line }) => `route ${line}`)];
  const id = computeDigest([namespace, ...lines].join("\n")).slice(0, REMOVAL_ID_LENGTH);
  return { namespace, reason, id, routes, lines };
}

/** Formats the removed routes and hosts for a ConfigMap with `count` lists, up to 500 KB together. */
export function formatRemovalList({ lines }: Pick<BlockedRemoval, "lines">, count = 1): string {
  const shownLines = lines.slice(0, countFittingLines(lines, MAX_TEXT_BYTES / count));
  const hiddenCount = lines.length - shownLines.length;
  return [...shownLines, ...(hiddenCount > 0 ? [`… and ${hiddenCount} more`] : []), ""].join("\n");
}

/** Counts the lines that fit, with 100 bytes reserved for the line that counts the others. */
function countFittingLines(lines: readonly string[], maxBytes: number): number {
  let bytes = 100;
  const overflowIndex = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > maxBytes;
  });
  return overflowIndex === -1 ? lines.length : overflowIndex;
}
