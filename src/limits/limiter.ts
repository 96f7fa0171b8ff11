import { DurableObject } from "cloudflare:workers";
import type { Entered, Entry, Limits, Rate } from "../env.ts";
import { filled, type Level, lastsMs } from "./leaky-bucket.ts";
import { LEASE_MS } from "./lease.ts";
import { Leases } from "./leases.ts";

/** An object in memory outlives a pause as long as this, so that a bucket which is empty by then need not be stored. */
const KEPT_IN_MEMORY_MS = 10_000;
const LEVEL = "level ";

/** Counts the requests of one client to one Ingress, wherever in the world they come in. */
export class Limiter extends DurableObject implements Limits {
  readonly #levels = new Map<string, Level>();
  readonly #leases = new Leases();

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as Cloudflare.Env);
    state.blockConcurrencyWhile(async () => {
      for (const [key, level] of await state.storage.list<Level>({ prefix: LEVEL })) {
        this.#levels.set(key.slice(LEVEL.length), level);
      }
    });
  }

  /** Within all limits or within none: what is refused counts nowhere. */
  async enter({ rates, connections }: Entry): Promise<Entered> {
    const now = Date.now();
    if (connections > 0 && this.#leases.count(now) >= connections) return { ok: false, limit: "limit-connections" };
    const levels: Filled[] = [];
    for (const rate of rates) {
      const level = filled(this.#levels.get(rate.name), rate, now);
      if (!level) return { ok: false, limit: rate.name };
      levels.push({ rate, level });
    }
    this.#keep(levels, now);
    if (connections === 0) return { ok: true };
    const lease = crypto.randomUUID();
    this.#leases.hold(lease, now + LEASE_MS);
    return { ok: true, lease };
  }

  async renew(lease: string): Promise<void> {
    this.#leases.hold(lease, Date.now() + LEASE_MS);
  }

  async leave(lease: string): Promise<void> {
    this.#leases.giveBack(lease);
  }

  /** Nothing of a client that stays away is kept. */
  override async alarm(): Promise<void> {
    this.#levels.clear();
    await this.ctx.storage.deleteAll();
  }

  #keep(levels: readonly Filled[], now: number): void {
    for (const { rate, level } of levels) this.#levels.set(rate.name, level);
    const lasts = Math.max(0, ...levels.map(({ rate, level }) => lastsMs(level, rate, now)));
    if (lasts <= KEPT_IN_MEMORY_MS) return;
    // Not waited for: a request is not held up by the disk, and the last counts may be lost with the machine.
    const stored = Object.fromEntries(levels.map(({ rate, level }) => [LEVEL + rate.name, level]));
    void this.ctx.storage.put(stored, { allowUnconfirmed: true });
    void this.ctx.storage.setAlarm(now + lasts, { allowUnconfirmed: true });
  }
}

/** A bucket with one more request in it. */
interface Filled {
  readonly rate: Rate;
  readonly level: Level;
}
