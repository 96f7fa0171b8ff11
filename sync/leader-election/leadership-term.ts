import type { Clock } from "./clock.ts";
import { RENEW_DEADLINE_MS } from "./lease-protocol.ts";

/** Thrown when a replica that is not the leader attempts a write. */
export class NotLeaderError extends Error {}

/** The leadership that a replica has. It expires without a timer or a request. */
export class LeadershipTerm {
  readonly #clock: Clock;
  #renewal: { readonly term: number; readonly sentAt: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `sentAt` is the time of the request, not of its response: other replicas may have seen the write since then. */
  extend(term: number, sentAt: number): void {
    this.#renewal = { term, sentAt };
  }

  drop(): void {
    this.#renewal = undefined;
  }

  /** Returns the current term, or undefined if this replica is not the leader. */
  term(): number | undefined {
    return this.remainingMs() > 0 ? this.#renewal?.term : undefined;
  }

  /** Returns the milliseconds until the term expires without a renewal. */
  remainingMs(): number {
    return this.#renewal ? Math.max(0, this.#renewal.sentAt + RENEW_DEADLINE_MS - this.#clock.now()) : 0;
  }

  /** Throws a `NotLeaderError` if no term is current, or if `term` is set and is not the current one. */
  check(term?: number): void {
    const currentTerm = this.term();
    if (currentTerm === undefined) throw new NotLeaderError("leadership lost; the write is not sent");
    if (term !== undefined && term !== currentTerm) {
      throw new NotLeaderError(
        `leadership lost and won again: now in term ${currentTerm}; a write of term ${term} is not sent`,
      );
    }
  }
}
