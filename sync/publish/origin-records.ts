import type { Rules } from "../../src/rules/snapshot.ts";
import { type Dns, type HeldRecord, planRecords, type Zone } from "../cloudflare/records.ts";
import { recordsAfter, type Wanted } from "./records.ts";

const ZONES_KEPT_MS = 60_000;
const RECORDS_KEPT_MS = 600_000;
/** Edges may serve for an hour from a generation that still needs a record: history keeps it for as long. */
const UNNEEDED_MS = 3_600_000;

/** A record of ours that no rule needs any more. */
export interface Unneeded {
  readonly zone: Zone;
  readonly record: HeldRecord;
}

export interface OriginRecords {
  /** The account's zones, a minute old at most. */
  zones(): Promise<readonly Zone[]>;
  /**
   * Adds the records that rules need, and removes those that nothing has needed for an hour. `fence` is called before each
   * write, and may throw. Resolves with what is not needed and still there.
   */
  keep(rules: Rules, fence: () => void): Promise<Unneeded[]>;
}

/** The DNS records of origins. What the account said is remembered, so that a round without news asks it nothing. */
export function originRecords(dns: Dns, now: () => number): OriginRecords {
  const zones = remembered(now, ZONES_KEPT_MS, () => dns.zones());
  const held = new Map<string, Remembered<HeldRecord[]>>();
  const unneededSince = new Map<string, number>();
  let wanted: Wanted | undefined;

  const heldIn = (zone: Zone) => {
    const kept = held.get(zone.id) ?? remembered(now, RECORDS_KEPT_MS, () => dns.held(zone));
    held.set(zone.id, kept);
    return kept.get();
  };
  const isDue = ({ id }: HeldRecord) => now() - (unneededSince.get(id) ?? now()) >= UNNEEDED_MS;

  const keepIn = async (zone: Zone, wanted: Parameters<typeof planRecords>[1], fence: () => void) => {
    const { add, remove } = planRecords(await heldIn(zone), wanted);
    const replaced = remove.filter(({ name }) => add.some((record) => record.name === name));
    const unneeded = remove.filter((record) => !replaced.includes(record));
    for (const { id } of unneeded) if (!unneededSince.has(id)) unneededSince.set(id, now());
    const due = unneeded.filter(isDue);
    if (add.length + due.length > 0) {
      fence();
      held.get(zone.id)?.forget();
      await dns.change(zone, { add, remove: [...replaced, ...due] });
    }
    return unneeded.filter((record) => !due.includes(record));
  };

  return {
    zones: zones.get,
    async keep(rules, fence) {
      wanted = recordsAfter(wanted, rules);
      const left: Unneeded[] = [];
      for (const zone of await zones.get()) {
        const records = await keepIn(zone, wanted.records.get(zone.name) ?? [], fence);
        left.push(...records.map((record) => ({ zone, record })));
      }
      const still = new Set(left.map(({ record }) => record.id));
      for (const id of unneededSince.keys()) if (!still.has(id)) unneededSince.delete(id);
      return left;
    },
  };
}

interface Remembered<T> {
  get(): Promise<T>;
  forget(): void;
}

/** What `ask` resolves with, asked again when that is older than `keptMs`. */
function remembered<T>(now: () => number, keptMs: number, ask: () => Promise<T>): Remembered<T> {
  let kept: { readonly value: T; readonly at: number } | undefined;
  return {
    async get() {
      if (!kept || now() - kept.at > keptMs) kept = { value: await ask(), at: now() };
      return kept.value;
    },
    forget() {
      kept = undefined;
    },
  };
}
