import type { Zone } from "../../cloudflare/dns.ts";
import { type HostObjectChange, ORIGINLESS, type ZoneHostPlan } from "./model.ts";

/** Whether a plan changes a record or a route. */
export function hasChanges({ addRecords, addRoutes, removeRecords, removeRoutes }: ZoneHostPlan): boolean {
  return [addRecords, addRoutes, removeRecords, removeRoutes].some((list) => list.length > 0);
}

/** Returns the changes of a plan, without those of rejected hosts. */
export function listObjectChanges(
  { name: zone }: Zone,
  { addRecords, addRoutes, removeRecords, removeRoutes }: ZoneHostPlan,
  rejectedHosts: ReadonlySet<string>,
): HostObjectChange[] {
  const isDone = ({ hosts }: HostObjectChange) => hosts.length === 0 || hosts.some((host) => !rejectedHosts.has(host));
  const records = addRecords.map(({ name, hosts, replaced }): HostObjectChange => {
    const text = `${name} ${ORIGINLESS.type} ${ORIGINLESS.content}`;
    return { action: replaced ? "replace" : "add", kind: "record", zone, name: text, hosts };
  });
  const routes = addRoutes.map(({ pattern, hosts }): HostObjectChange => {
    return { action: "add", kind: "route", zone, name: pattern, hosts };
  });
  const removedRecords = removeRecords.map(({ name, type, content }) => ({
    ...{ kind: "record" as const, name: `${name} ${type} ${content}` },
  }));
  const removedRoutes = removeRoutes.map(({ pattern }) => ({ kind: "route" as const, name: pattern }));
  const removals = [...removedRecords, ...removedRoutes].map((removed): HostObjectChange => {
    return { action: "remove", zone, hosts: [], ...removed };
  });
  return [...[...records, ...routes].filter(isDone), ...removals];
}
