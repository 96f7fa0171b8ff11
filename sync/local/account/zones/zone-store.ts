import { ROOT_ZONE } from "../../../../src/rules/hosts.ts";
import { deriveId } from "../api-types.ts";
import type { LocalPlan } from "./zone-plans.ts";

/** A zone of the account. */
export interface LocalZone {
  readonly id: string;
  readonly name: string;
  readonly plan: LocalPlan;
  /** Cloudflare serves active zones only. */
  readonly status: "initializing" | "pending" | "active" | "moved";
  /** Whether the zone answers DNS queries only. */
  readonly paused: boolean;
  /** `partial` is the CNAME setup. */
  readonly type: "full" | "partial" | "secondary" | "internal";
  readonly settings: Readonly<Record<string, string>>;
  /** Maximum number of records, if it is not that of the plan. */
  readonly recordQuota?: number;
}

export type ZoneChange = Partial<Omit<LocalZone, "id" | "name">>;

/** The zones of the account, in memory. */
export interface ZoneStore {
  list(): readonly LocalZone[];
  get(id: string): LocalZone | undefined;
  /** Changes a zone. Throws if the account has no zone with this name. */
  change(name: string, change: ZoneChange): void;
  /** Returns the active zone that answers DNS queries for a host: of nested zones, the one with the longest name. */
  findActive(host: string): LocalZone | undefined;
}

const DEFAULT_SETTINGS = {
  ssl: "full",
  min_tls_version: "1.0",
  tls_1_3: "on",
  always_use_https: "off",
  websockets: "on",
};

/** Creates the store of active zones with these names. */
export function createZoneStore(names: readonly string[], plan: LocalPlan, recordQuota?: number): ZoneStore {
  const zones = new Map<string, LocalZone>(names.map((name) => [name, createZone(name, plan, recordQuota)]));
  return {
    list: () => [...zones.values()],
    get: (id) => [...zones.values()].find((zone) => zone.id === id),
    change(name, change) {
      const zone = zones.get(name);
      if (!zone) throw new Error(`zone not found: ${name}`);
      zones.set(name, { ...zone, ...change, settings: { ...zone.settings, ...change.settings } });
    },
    findActive: (host) =>
      [...zones.values()]
        .filter(({ name, status }) => status === "active" && isInZone(host, name))
        .sort((a, b) => b.name.length - a.name.length)[0],
  };
}

function createZone(name: string, plan: LocalPlan, recordQuota?: number): LocalZone {
  return {
    id: deriveId(name),
    name,
    plan,
    status: "active",
    paused: false,
    type: "full",
    settings: DEFAULT_SETTINGS,
    ...(recordQuota !== undefined && { recordQuota }),
  };
}

/** Whether a name is the zone's name or below it. */
export function isInZone(name: string, zone: string): boolean {
  return zone === ROOT_ZONE || name === zone || name.endsWith(`.${zone}`);
}
