import type { LostHost, RemovedRoute } from "./removals.ts";

/** The routes and hosts that one namespace loses in a sync. */
export interface NamespaceLoss {
  readonly namespace: string;
  readonly routes: readonly RemovedRoute[];
  readonly hosts: readonly LostHost[];
}

/** The published routes before and after a sync, and the limit of lost hosts. */
export interface LossScale {
  readonly totalRoutes: number;
  readonly remainingRoutes: number;
  readonly maxRemovedHosts: number;
}

/** A deletion in fewer namespaces is judged for each namespace alone, so that one tenant cannot block another. */
const MIN_NAMESPACES = 3;

/**
 * Returns a function with the reason why the loss of a namespace is blocked. Deleting one Ingress is intended, so a loss
 * needs two Ingresses to be blocked.
 */
export function createLossCheck(
  losses: readonly NamespaceLoss[],
  scale: LossScale,
): (loss: NamespaceLoss) => string | undefined {
  const ownReasons = new Map(losses.map((loss) => [loss, explainOwnLoss(loss, scale)]));
  const otherLosses = losses.filter((loss) => ownReasons.get(loss) === undefined);
  const commonReason = explainTotalLoss(losses, scale) ?? explainCommonLoss(otherLosses, scale);
  return (loss) => ownReasons.get(loss) ?? commonReason;
}

/** Returns why the loss of one namespace exceeds the limits. Losses of other namespaces do not count. */
function explainOwnLoss({ routes, hosts }: NamespaceLoss, scale: LossScale): string | undefined {
  const ingressCount = countIngresses(routes);
  if (ingressCount < 2) return undefined;
  if (hosts.length > scale.maxRemovedHosts)
    return `${hosts.length} hosts would lose their last route; the limit is ${scale.maxRemovedHosts} per sync`;
  return isLargePart(routes.length, scale)
    ? `${routes.length} of ${scale.totalRoutes} routes of ${ingressCount} Ingresses would be removed; the limit is 20 % per sync`
    : undefined;
}

/** Returns the reason if no route would remain, as after the deletion of an IngressClass. */
function explainTotalLoss(losses: readonly NamespaceLoss[], { totalRoutes, remainingRoutes }: LossScale) {
  const ingressCount = countIngresses(losses.flatMap(({ routes }) => routes));
  return remainingRoutes === 0 && ingressCount > 1 ? `all ${totalRoutes} routes would be removed` : undefined;
}

/**
 * Returns why small losses of several namespaces exceed the limits together. The largest one does not count, so that
 * it cannot block the others.
 */
function explainCommonLoss(losses: readonly NamespaceLoss[], scale: LossScale): string | undefined {
  if (losses.length < MIN_NAMESPACES) return undefined;
  const routeCounts = losses.map(({ routes }) => routes.length);
  const hostCounts = losses.map(({ hosts }) => hosts.length);
  const [routes, hosts] = [sum(routeCounts), sum(hostCounts)];
  if (hosts - Math.max(...hostCounts) > scale.maxRemovedHosts)
    return `${hosts} hosts of ${losses.length} namespaces would lose their last route; the limit is ${scale.maxRemovedHosts} per sync`;
  return isLargePart(routes - Math.max(...routeCounts), scale)
    ? `${routes} of ${scale.totalRoutes} routes of ${losses.length} namespaces would be removed; the limit is 20 % per sync`
    : undefined;
}

function isLargePart(routes: number, { totalRoutes }: LossScale): boolean {
  return routes * 5 > totalRoutes;
}

function countIngresses(routes: readonly RemovedRoute[]): number {
  return new Set(routes.map(({ ingress }) => ingress)).size;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
