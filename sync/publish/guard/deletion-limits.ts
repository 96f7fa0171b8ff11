import { isHttpRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { formatCount } from "../../runtime/format-count.ts";
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
 * Returns a function with the reason why the loss of a namespace is blocked. Deleting one object is intended, so a loss
 * needs two Ingresses or HTTPRoutes to be blocked.
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
  const owners = listOwners(routes);
  if (owners.length < 2) return undefined;
  if (hosts.length > scale.maxRemovedHosts)
    return `${hosts.length} hosts would lose their last route; the limit is ${scale.maxRemovedHosts} per sync`;
  return isLargePart(routes.length, scale)
    ? `${routes.length} of ${scale.totalRoutes} routes of ${formatOwners(owners)} would be removed; the limit is 20 % per sync`
    : undefined;
}

/** Returns the reason if no route would remain, as after the deletion of an IngressClass. */
function explainTotalLoss(losses: readonly NamespaceLoss[], { totalRoutes, remainingRoutes }: LossScale) {
  const owners = listOwners(losses.flatMap(({ routes }) => routes));
  return remainingRoutes === 0 && owners.length > 1 ? `all ${totalRoutes} routes would be removed` : undefined;
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

/** Returns the Ingresses ("shop/cart") and HTTPRoutes ("HTTPRoute shop/cart") that routes are of. */
function listOwners(routes: readonly RemovedRoute[]): string[] {
  return [...new Set(routes.map(({ ingress }) => ingress))];
}

/** Returns "2 Ingresses", "1 HTTPRoute", "1 Ingress and 2 HTTPRoutes". */
function formatOwners(owners: readonly string[]): string {
  const httpRoutes = owners.filter(isHttpRouteOwner).length;
  const ingresses = owners.length - httpRoutes;
  return [
    ...(ingresses > 0 ? [formatCount(ingresses, "Ingress")] : []),
    ...(httpRoutes > 0 ? [formatCount(httpRoutes, "HTTPRoute")] : []),
  ].join(" and ");
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
