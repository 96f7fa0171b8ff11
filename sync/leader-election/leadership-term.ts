import type { Clock } from "./clock.ts";
import { RENEW_DEADLINE_MS } from "./lease-protocol.ts";

/** A write was about to be made by one who is not, or not any more, the leader. */
export class NotLeaderError extends Error {}

/** What a leader knows of its own leadership. It ends by itself: nothing has to happen for that, no timer, no request. */
export class LeadershipTerm {
  readonly #clock: Clock;
  #renewal: { readonly term: number; readonly sentAt: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `sentAt` is when the request was sent, not when its answer came: others may have seen it from then on. */
  extend(term: number, sentAt: number): void {
    this.#renewal = { term, sentAt };
  }

  drop(): void {
    this.#renewal = undefined;
  }

  /** The term that is held now. */
  term(): number | undefined {
    return this.remainingMs() > 0 ? this.#renewal?.term : undefined;
  }

  /** For how long it is held still, unless it is renewed. */
  remainingMs(): number {
    return this.#renewal ? Math.max(0, this.#renewal.sentAt + RENEW_DEADLINE_MS - this.#clock.now()) : 0;
  }

  /** Throws a NotLeading unless a term is held, and that one where `term` is given. */
  check(term?: number): void {
    const currentTerm = this.term();
    if (currentTerm === undefined) throw new NotLeaderError("not the leader any more, so nothing more is written");
    if (term !== undefined && term !== currentTerm) {
      throw new NotLeaderError(
        `the leader again, but in term ${currentTerm}: what was begun in term ${term} is not written`,
      );
    }
  }
}
