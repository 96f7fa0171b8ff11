import type { KubernetesClient } from "../kubernetes/client.ts";
import { createGenerationReservations } from "./generation-reservation.ts";
import type { ElectionOptions, GenerationReservations, Leadership, LeadershipStatus } from "./leadership.ts";
import { LeadershipTerm } from "./leadership-term.ts";
import { createLeaseClient, isConflict, type LeaseClient, type LeaseWrite } from "./lease-client.ts";
import { decide, holderOf, RENEW_DEADLINE_MS, RETRY_MS, termOf } from "./lease-protocol.ts";
import { LeaseWatcher } from "./lease-watcher.ts";
import { LogOnce } from "./log-once.ts";

/** Half the renew deadline, so that one request without a response does not lose the leadership. */
const REQUEST_TIMEOUT_MS = RENEW_DEADLINE_MS / 2;
const JITTER = 0.2;
const MAX_RELEASE_ATTEMPTS = 3;

/** The leader-election loop: read the Lease, decide, write, wait. */
export class Elector implements Leadership {
  readonly identity: string;
  readonly reservations: GenerationReservations;
  readonly #options: Required<ElectionOptions>;
  readonly #leaseClient: LeaseClient;
  readonly #watcher: LeaseWatcher;
  readonly #leadershipTerm: LeadershipTerm;
  readonly #stopController = new AbortController();
  readonly #loopEnd: Promise<void>;
  readonly #waiters = new Set<() => void>();
  readonly #logOnce: LogOnce;
  readonly #leaseLabel: string; // for log lines
  #conflicts = 0; // consecutive writes that another write overtook
  #wakeController = new AbortController();

  constructor(api: KubernetesClient, options: Required<ElectionOptions>, signal: AbortSignal) {
    const { namespace, name, identity, clock, log } = options;
    this.identity = identity;
    this.reservations = createGenerationReservations(api, options);
    this.#options = options;
    this.#leaseLabel = `Lease ${namespace}/${name}`;
    this.#logOnce = new LogOnce(log);
    this.#leaseClient = createLeaseClient(api, options);
    this.#leadershipTerm = new LeadershipTerm(clock);
    this.#watcher = new LeaseWatcher(this.#leaseClient, clock, () => this.#retryMs(), {
      onChange: () => this.#wakeController.abort(),
      onError: (error) => this.#logOnce.report(`watch of ${this.#leaseLabel}`, error),
    });
    signal.addEventListener("abort", () => this.#stop());
    if (signal.aborted) this.#stop();
    this.#loopEnd = this.#runLoop();
  }

  isLeader(): boolean {
    return this.#leadershipTerm.term() !== undefined;
  }

  check(term?: number): void {
    this.#leadershipTerm.check(term);
  }

  status(): LeadershipStatus {
    const term = this.#leadershipTerm.term();
    if (term !== undefined) return { type: "leader", term };
    const holder = holderOf(this.#watcher.observedLease?.lease);
    return { type: "standby", holder: holder === this.identity ? undefined : holder };
  }

  async *statusChanges(): AsyncGenerator<LeadershipStatus, void> {
    let lastText: string | undefined;
    while (!this.#stopController.signal.aborted) {
      const status = this.status();
      const text = JSON.stringify(status);
      if (text === lastText) await new Promise<void>((resolve) => this.#waiters.add(resolve));
      else yield status;
      lastText = text;
    }
  }

  async release(): Promise<void> {
    this.#stop();
    await this.#loopEnd; // a pending write would conflict with the release
    await this.#releaseLease().catch((error) => this.#logOnce.report(this.#leaseLabel, error));
  }

  async #runLoop(): Promise<void> {
    while (!this.#stopController.signal.aborted) {
      this.#wakeController = new AbortController();
      const startedAt = this.#options.clock.now();
      const nextTurnAt = await this.#takeTurn(startedAt).catch((error) => {
        this.#logOnce.report(this.#leaseLabel, error);
        return startedAt + this.#retryMs();
      });
      this.#notifyWaiters();
      await this.#sleepUntil(nextTurnAt);
      this.#notifyWaiters();
    }
  }

  /** Runs one turn and returns the monotonic time of the next. Rejects if a request fails. */
  async #takeTurn(startedAt: number): Promise<number> {
    const { observedLease = await this.#read() } = this.#watcher;
    const decision = decide(observedLease, this.identity, this.isLeader(), this.#options.clock.now());
    if (decision.type !== "standby") return (await this.#write(decision)) ? startedAt + this.#retryMs() : startedAt;
    if (this.#options.clock.now() >= this.#watcher.dueAt) {
      await this.#read();
      return startedAt;
    }
    this.#conflicts = 0;
    this.#watcher.watch();
    return Math.min(decision.until, this.#watcher.dueAt);
  }

  async #read() {
    const observedLease = await this.#watcher.read(this.#requestTimeoutMs());
    this.#logOnce.clear(this.#leaseLabel);
    if (observedLease.lease && holderOf(observedLease.lease) !== this.identity) this.#leadershipTerm.drop();
    return observedLease;
  }

  /** Writes the Lease and returns whether this replica is now the leader. After a conflict it reads the Lease again. */
  async #write(decision: LeaseWrite): Promise<boolean> {
    this.#watcher.close();
    const sentAt = this.#options.clock.now();
    try {
      const lease = await this.#leaseClient.write(decision, this.#requestTimeoutMs());
      this.#conflicts = 0;
      this.#logOnce.clear(this.#leaseLabel);
      this.#watcher.observe(lease);
      // A renewal after the deadline does not extend the term, even without a competitor: a new term must begin.
      const hasLapsed = decision.type === "renew" && !this.isLeader();
      if (hasLapsed || this.#stopController.signal.aborted) return false;
      this.#leadershipTerm.extend(termOf(lease), sentAt);
      return this.isLeader();
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#read();
      this.#conflicts++;
      if (this.#conflicts > 1) throw error; // from the second on, wait before the next attempt
      return false;
    }
  }

  async #releaseLease(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const lease = this.#watcher.observedLease?.lease;
      if (!lease || holderOf(lease) !== this.identity) return;
      try {
        this.#watcher.observe(await this.#leaseClient.release(lease, REQUEST_TIMEOUT_MS));
      } catch (error) {
        if (attempt === MAX_RELEASE_ATTEMPTS) throw error;
        await this.#read();
      }
    }
  }

  /** Drops the leadership at once. A response to an earlier request cannot restore it. */
  #stop(): void {
    this.#stopController.abort();
    this.#leadershipTerm.drop();
    this.#watcher.close();
    this.#wakeController.abort();
    this.#notifyWaiters();
  }

  /** Sleeps until `wakeAt`, but wakes early if the leadership expires or the Lease changes. */
  async #sleepUntil(wakeAt: number): Promise<void> {
    const remainingMs = wakeAt - this.#options.clock.now();
    const sleepMs = this.isLeader() ? Math.min(remainingMs, this.#leadershipTerm.remainingMs()) : remainingMs;
    if (sleepMs > 0) await this.#options.clock.sleep(sleepMs, this.#wakeController.signal);
  }

  #requestTimeoutMs(): number {
    return this.isLeader() ? Math.min(REQUEST_TIMEOUT_MS, this.#leadershipTerm.remainingMs()) : REQUEST_TIMEOUT_MS;
  }

  #retryMs(): number {
    return RETRY_MS * (1 + JITTER * this.#options.random());
  }

  #notifyWaiters(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }
}
