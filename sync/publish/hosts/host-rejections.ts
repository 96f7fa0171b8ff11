import type { HostIssue, ZoneHostPlan } from "./model.ts";
import { parsePattern } from "./route-patterns.ts";

/** Time after which a rejected record or route is tried again. */
const REJECTED_RETRY_MS = 600_000;

/** The hosts whose record or route Cloudflare rejected, until they are tried again. */
export interface HostRejections {
  list(): readonly HostIssue[];
  /** Removes the rejections that are due. */
  expire(): void;
  add(issues: readonly HostIssue[]): void;
  /** Returns a plan without the additions of rejected hosts, so that they cost no call with each sync. */
  withoutRejected(plan: ZoneHostPlan): ZoneHostPlan;
}

/** Remembers rejected hosts of one zone. */
export function createHostRejections(now: () => Date): HostRejections {
  let entries: readonly { readonly issue: HostIssue; readonly retryAt: number }[] = [];
  return {
    list: () => entries.map(({ issue }) => issue),
    expire() {
      entries = entries.filter(({ retryAt }) => retryAt > now().getTime());
    },
    add(issues) {
      const retryAt = now().getTime() + REJECTED_RETRY_MS;
      entries = [...entries, ...issues.map((issue) => ({ issue, retryAt }))];
    },
    withoutRejected(plan) {
      const rejectedHosts = new Set(entries.map(({ issue }) => issue.host));
      const isTried = ({ hosts }: { readonly hosts: readonly string[] }) =>
        hosts.length === 0 || !hosts.every((host) => rejectedHosts.has(host));
      if (rejectedHosts.size === 0) return plan;
      const addRecords = plan.addRecords.filter(isTried);
      const addRoutes = plan.addRoutes.filter(isTried);
      const names = new Set(addRecords.map(({ name }) => name));
      const routeNames = new Set(addRoutes.map(({ pattern }) => parsePattern(pattern).host));
      const { records, routes, certificates } = plan.registry;
      const registry = {
        records: records.filter(({ id, name }) => id !== null || names.has(name)),
        routes: routes.filter(({ id, pattern }) => id !== null || routeNames.has(parsePattern(pattern).host)),
        certificates,
      };
      return { ...plan, addRecords, addRoutes, registry };
    },
  };
}
