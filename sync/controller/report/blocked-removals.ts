import { type BlockedRemoval, formatRemovalList } from "../../publish/guard/deletion-guard.ts";
import { type ApprovalRequests, writeApprovalRequests } from "../../report/approval-config-map.ts";
import type { ControllerDependencies } from "../loop-state.ts";

/** Logs the blocked removals, and updates their ConfigMap. A failure is logged and does not fail the sync. */
export async function reportBlockedRemovals(
  { api, namespace, getApprovalRequests, log, metrics }: ControllerDependencies,
  blockedRemovals: readonly BlockedRemoval[],
  now: Date,
): Promise<void> {
  for (const { id, namespace, reason } of blockedRemovals) {
    const remedy = `Review it, then approve it with: edgress approve ${id}`;
    log.error({ id, namespace }, `deletion blocked: ${reason} (namespace ${namespace}). ${remedy}`);
  }
  const currentRequests = getApprovalRequests();
  const isCurrent = ({ namespace, id }: BlockedRemoval) => currentRequests.get(namespace)?.id === id;
  if (currentRequests.size === blockedRemovals.length && blockedRemovals.every(isCurrent)) return;
  await writeApprovalRequests(api, namespace, buildApprovalRequests(blockedRemovals, now)).catch((error: Error) => {
    metrics.recordWriteFailures(1);
    log.warn(`ConfigMap of the blocked deletions was not written: ${error.message}`);
  });
}

export function countBlockedRoutes(blockedRemovals: readonly BlockedRemoval[]): number {
  return blockedRemovals.reduce((sum, { routes }) => sum + routes.length, 0);
}

function buildApprovalRequests(blockedRemovals: readonly BlockedRemoval[], now: Date): ApprovalRequests {
  return new Map(
    blockedRemovals.map((removal) => {
      const { namespace, id, reason } = removal;
      const routes = formatRemovalList(removal, blockedRemovals.length);
      return [namespace, { id, since: now.toISOString(), reason, routes }];
    }),
  );
}
