import type { Api } from "../kubernetes/api.ts";
import { Hold } from "./hold.ts";
import type { Leadership, LeadOptions, Standing } from "./lead.ts";
import { decide, holderOf, RENEW_DEADLINE_MS, RETRY_MS, termOf } from "./lease.ts";
import { isConflict, type LeaseAccess, leaseAccess, type Write } from "./leases.ts";
import { Problems } from "./problems.ts";
import { Sight } from "./sight.ts";

/** How long one request is waited for: half the renew deadline, so that one that hangs does not cost the leadership. */
const REQUEST_MS = RENEW_DEADLINE_MS / 2;
const JITTER = 0.2;
const RELEASE_TRIES = 3;

/** One who stands for leader. It takes turns: look, decide, write, rest. */
export class Candidate implements Leadership {
  readonly identity: string;
  readonly #options: Required<LeadOptions>;
  readonly #lease: LeaseAccess;
  readonly #sight: Sight;
  readonly #hold: Hold;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  readonly #waiting = new Set<() => void>();
  readonly #problems: Problems;
  readonly #asking: string; // as the problems name it
  #conflicts = 0; // in a row: something else is there than was seen
  #rest = new AbortController();

  constructor(api: Api, options: Required<LeadOptions>, ended: AbortSignal) {
    const { namespace, name, identity, clock, log } = options;
    this.identity = identity;
    this.#options = options;
    this.#asking = `Lease ${namespace}/${name}`;
    this.#problems = new Problems(log);
    this.#lease = leaseAccess(api, options);
    this.#hold = new Hold(clock);
    this.#sight = new Sight(this.#lease, clock, {
      stirred: () => this.#rest.abort(),
      failed: (error) => this.#problems.failed(`watch of ${this.#asking}`, error),
      retryMs: () => this.#retryMs(),
    });
    ended.addEventListener("abort", () => this.#end());
    if (ended.aborted) this.#end();
    this.#running = this.#run();
  }

  holds(): boolean {
    return this.#hold.term() !== undefined;
  }

  check(term?: number): void {
    this.#hold.check(term);
  }

  standing(): Standing {
    const term = this.#hold.term();
    if (term !== undefined) return { type: "leading", term };
    const holder = holderOf(this.#sight.seen?.lease);
    return { type: "standing by", holder: holder === this.identity ? undefined : holder };
  }

  async *standings(): AsyncGenerator<Standing, void> {
    let told: string | undefined;
    while (!this.#over.signal.aborted) {
      const standing = this.standing();
      const text = JSON.stringify(standing);
      if (text === told) await new Promise<void>((resolve) => this.#waiting.add(resolve));
      else yield standing;
      told = text;
    }
  }

  async release(): Promise<void> {
    this.#end();
    await this.#running; // what is under way still would be in the way
    await this.#giveBack().catch((error) => this.#problems.failed(this.#asking, error));
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#rest = new AbortController();
      const began = this.#options.clock.now();
      const until = await this.#turn(began).catch((error) => {
        this.#problems.failed(this.#asking, error);
        return began + this.#retryMs();
      });
      this.#tell();
      await this.#restUntil(until);
      this.#tell();
    }
  }

  /** One turn. When the next one is due, by the monotonic clock. Rejects where the API server does not do as asked. */
  async #turn(began: number): Promise<number> {
    const { seen = await this.#read() } = this.#sight;
    const decision = decide(seen, this.identity, this.holds(), this.#options.clock.now());
    if (decision.type !== "stand by") return (await this.#write(decision)) ? began + this.#retryMs() : began;
    if (this.#options.clock.now() >= this.#sight.dueAt) {
      await this.#read();
      return began;
    }
    this.#conflicts = 0;
    this.#sight.watch();
    return Math.min(decision.until, this.#sight.dueAt);
  }

  async #read() {
    const seen = await this.#sight.read(this.#limitMs());
    this.#problems.over(this.#asking);
    if (seen.lease && holderOf(seen.lease) !== this.identity) this.#hold.drop();
    return seen;
  }

  /** Whether we lead now. A write that came too late is followed by a look at what is there instead. */
  async #write(decision: Write): Promise<boolean> {
    this.#sight.close();
    const sentAt = this.#options.clock.now();
    try {
      const lease = await this.#lease.write(decision, this.#limitMs());
      this.#conflicts = 0;
      this.#problems.over(this.#asking);
      this.#sight.see(lease);
      // Renewed too late, even if nobody else was quicker: what lapsed is won again in a new term.
      const hasLapsed = decision.type === "renew" && !this.holds();
      if (hasLapsed || this.#over.signal.aborted) return false;
      this.#hold.take(termOf(lease), sentAt);
      return this.holds();
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#read();
      this.#conflicts++;
      if (this.#conflicts > 1) throw error; // the second in a row rests first
      return false;
    }
  }

  async #giveBack(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const lease = this.#sight.seen?.lease;
      if (!lease || holderOf(lease) !== this.identity) return;
      try {
        this.#sight.see(await this.#lease.giveBack(lease, REQUEST_MS));
      } catch (error) {
        if (tries === RELEASE_TRIES) throw error;
        await this.#read();
      }
    }
  }

  /** From here on nothing is held, whatever was sent and is answered later. */
  #end(): void {
    this.#over.abort();
    this.#hold.drop();
    this.#sight.close();
    this.#rest.abort();
    this.#tell();
  }

  /** Until then, or until our leadership ends, which is told at once, or something stirs. */
  async #restUntil(until: number): Promise<void> {
    const left = until - this.#options.clock.now();
    const restMs = this.holds() ? Math.min(left, this.#hold.leftMs()) : left;
    if (restMs > 0) await this.#options.clock.sleep(restMs, this.#rest.signal);
  }

  #limitMs(): number {
    return this.holds() ? Math.min(REQUEST_MS, this.#hold.leftMs()) : REQUEST_MS;
  }

  #retryMs(): number {
    return RETRY_MS * (1 + JITTER * this.#options.random());
  }

  #tell(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
