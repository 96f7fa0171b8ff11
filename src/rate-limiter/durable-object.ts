import { DurableObject } from "cloudflare:workers";
import type { Admission, Rate, RateLimiter, RateLimitRequest } from "../env.ts";
import { ConnectionSlots, SLOT_TTL_MS } from "./connection-slots.ts";
import { addRequest, type BucketLevel, drainTimeMs } from "./leaky-bucket.ts";

/** A Durable Object stays in memory for this time without requests. Buckets that drain earlier need no storage. */
const MEMORY_LIFETIME_MS = 10_000;
const LEVEL_KEY_PREFIX = "level ";

/** Counts the requests of one client to one Ingress, from all locations. */
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

  /** Admits a request if all limits allow it. A rejected request is not counted. */
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

  /** Deletes the counts of a client without requests. */
  override async alarm(): Promise<void> {
    this.#levels.clear();
    await this.ctx.storage.deleteAll();
  }

  #saveLevels(levels: readonly RateLevel[], now: number): void {
    for (const { rate, level } of levels) this.#levels.set(rate.name, level);
    const drainMs = Math.max(0, ...levels.map(({ rate, level }) => drainTimeMs(level, rate, now)));
    if (drainMs <= MEMORY_LIFETIME_MS) return;
    // Not awaited, because storage must not delay a request. A crash may lose the last counts.
    const entries = Object.fromEntries(levels.map(({ rate, level }) => [LEVEL_KEY_PREFIX + rate.name, level]));
    void this.ctx.storage.put(entries, { allowUnconfirmed: true });
    void this.ctx.storage.setAlarm(now + drainMs, { allowUnconfirmed: true });
  }
}

/** The level of a bucket after the request. */
interface RateLevel {
  readonly rate: Rate;
  readonly level: BucketLevel;
}
