import type { ZoneRecord } from "../../../sync/cloudflare/host-records.ts";
import type { WorkersRoute } from "../../../sync/cloudflare/routes.ts";
import type { HostSettings, WantedHost, ZoneHostPlan, ZoneState } from "../../../sync/publish/hosts/model.ts";
import { EMPTY_REGISTRY } from "../../../sync/publish/hosts/registry.ts";

export const PLAN_TIME = new Date("2026-11-28T12:00:00.000Z");
export const COMMENT = "edgress prod/host 0123abcd";
export const SCRIPT = "edgress-edge";

export const SETTINGS: HostSettings = {
  script: SCRIPT,
  comment: COMMENT,
  graceMs: 3_600_000,
  drift: "repair",
  respectsExternalDns: true,
};

let count = 0; // for ids, which only need to differ

/** Builds a record of another owner: `buildRecord("A shop.example.com 203.0.113.10 proxied")`. */
export function buildRecord(text: string, comment?: string): ZoneRecord {
  const [type = "", name = "", content = "", proxied] = text.split(" ");
  return { id: `record-${count++}`, type, name, content, proxied: proxied === "proxied", comment };
}

export function buildRoute(pattern: string, script?: string): WorkersRoute {
  return { id: `route-${count++}`, pattern, script };
}

/** Builds a zone `example.com`. */
export function buildZoneState(parts: Partial<ZoneState> = {}): ZoneState {
  const zone = { id: "zone-1", name: "example.com" };
  return { zone, records: [], routes: [], registry: EMPTY_REGISTRY, maxRecords: 3500, maxRoutes: 1000, ...parts };
}

export function wantHosts(...hosts: readonly string[]): WantedHost[] {
  return hosts.map((host) => ({ host, namespaces: ["default"] }));
}

/** Returns the zone after a plan was carried out, with the registry that is then written. */
export function applyPlan(state: ZoneState, plan: ZoneHostPlan): ZoneState {
  const removedIds = new Set([
    ...plan.removeRecords.map(({ id }) => id),
    ...plan.addRecords.flatMap(({ replaced }) => (replaced ? [replaced.id] : [])),
    ...plan.removeRoutes.map(({ id }) => id),
  ]);
  const records = plan.addRecords.map(({ name }) => buildRecord(`AAAA ${name} 100:: proxied`, COMMENT));
  return {
    ...state,
    records: [...state.records.filter(({ id }) => !removedIds.has(id)), ...records],
    routes: [
      ...state.routes.filter(({ id }) => !removedIds.has(id)),
      ...plan.addRoutes.map(({ pattern }) => buildRoute(pattern, SCRIPT)),
    ],
    registry: plan.registry,
  };
}

/** Returns the changes of a plan as lines: "+ record shop.example.com". */
export function listChanges({ addRecords, addRoutes, removeRecords, removeRoutes }: ZoneHostPlan): string[] {
  return [
    ...addRecords.map(({ name, replaced }) => `${replaced ? "~" : "+"} record ${name}`),
    ...addRoutes.map(({ pattern }) => `+ route ${pattern}`),
    ...removeRecords.map(({ name }) => `- record ${name}`),
    ...removeRoutes.map(({ pattern }) => `- route ${pattern}`),
  ];
}

/** Returns the issues of a plan as lines: "ForeignHostRecord shop.example.com". */
export function listPlanIssues({ issues }: ZoneHostPlan): string[] {
  return issues.map(({ host, reason }) => `${reason} ${host}`);
}
