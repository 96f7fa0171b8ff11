import { DurableObject } from "cloudflare:workers";
import type { Admission, Rate, RateLimiter, RateLimitRequest } from "../env.ts";
import { ConnectionSlots, SLOT_TTL_MS } from "./connection-slots.ts";
import { addRequest, type BucketLevel, drainTimeMs } from "./leaky-bucket.ts";

/** An object in memory outlives a pause as long as this, so that a bucket which is empty by then need not be stored. */
const MEMORY_LIFETIME_MS = 10_000;
const LEVEL_KEY_PREFIX = "level ";

/** Counts the requests of one client to one Ingress, wherever in the world they come in. */
export class Limiter extends DurableObject implements RateLimiter {
  readonly #levels = new Map<string, BucketLevel>();
  readonly #slots = new ConnectionSlots();

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as Cloudflare.Env);
    state.blockConcurrencyWhile(async () => {
      for (const [key, level] of await state.storage.list<BucketLevel>({ prefix: LEVEL_KEY_PREFIX })) {
        this.#levels.set(key.slice(LEVEL_KEY_PREFIX.length), level);
      }
    });
  }

  /** Within all limits or within none: what is refused counts nowhere. */
  async acquire({ rates, connections }: RateLimitRequest): Promise<Admission> {
    const now = Date.now();
    if (connections > 0 && this.#slots.count(now) >= connections) return { ok: false, limit: "limit-connections" };
    const levels: RateLevel[] = [];
    for (const rate of rates) {
      const level = addRequest(this.#levels.get(rate.name), rate, now);
      if (!level) return { ok: false, limit: rate.name };
      levels.push({ rate, level });
    }
    this.#saveLevels(levels, now);
    if (connections === 0) return { ok: true };
    const slot = crypto.randomUUID();
    this.#slots.set(slot, now + SLOT_TTL_MS);
    return { ok: true, slot };
  }

  async renew(slot: string): Promise<void> {
    this.#slots.set(slot, Date.now() + SLOT_TTL_MS);
  }

  async release(slot: string): Promise<void> {
    this.#slots.release(slot);
  }

  /** Nothing of a client that stays away is kept. */
  override async alarm(): Promise<void> {
    this.#levels.clear();
    await this.ctx.storage.deleteAll();
  }

  #saveLevels(levels: readonly RateLevel[], now: number): void {
    for (const { rate, level } of levels) this.#levels.set(rate.name, level);
    const drainMs = Math.max(0, ...levels.map(({ rate, level }) => drainTimeMs(level, rate, now)));
    if (drainMs <= MEMORY_LIFETIME_MS) return;
    // Not waited for: a request is not held up by the disk, and the last counts may be lost with the machine.
    const entries = Object.fromEntries(levels.map(({ rate, level }) => [LEVEL_KEY_PREFIX + rate.name, level]));
    void this.ctx.storage.put(entries, { allowUnconfirmed: true });
    void this.ctx.storage.setAlarm(now + drainMs, { allowUnconfirmed: true });
  }
}

/** A bucket with one more request in it. */
interface RateLevel {
  readonly rate: Rate;
  readonly level: BucketLevel;
}
