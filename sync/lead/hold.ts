import type { Clock } from "./clock.ts";
import { RENEW_DEADLINE_MS } from "./lease.ts";

/** A write was about to be made by one who is not, or not any more, the leader. */
export class NotLeading extends Error {}

/** What a leader knows of its own leadership. It ends by itself: nothing has to happen for that, no timer, no request. */
export class Hold {
  readonly #clock: Clock;
  #held: { readonly term: number; readonly sentAt: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `sentAt` is when the request was sent, not when its answer came: others may have seen it from then on. */
  take(term: number, sentAt: number): void {
    this.#held = { term, sentAt };
  }

  drop(): void {
    this.#held = undefined;
  }

  /** The term that is held now. */
  term(): number | undefined {
    return this.leftMs() > 0 ? this.#held?.term : undefined;
  }

  /** For how long it is held still, unless it is renewed. */
  leftMs(): number {
    return this.#held ? Math.max(0, this.#held.sentAt + RENEW_DEADLINE_MS - this.#clock.now()) : 0;
  }

  /** Throws a NotLeading unless a term is held, and that one where `term` is given. */
  check(term?: number): void {
    const held = this.term();
    if (held === undefined) throw new NotLeading("not the leader any more, so nothing more is written");
    if (term !== undefined && term !== held) {
      throw new NotLeading(`the leader again, but in term ${held}: what was begun in term ${term} is not written`);
    }
  }
}
