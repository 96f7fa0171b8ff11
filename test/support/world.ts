import { setImmediate } from "node:timers/promises";
import { type Api, ApiError, type WatchEvent } from "../../sync/kubernetes/api.ts";
import type { Clock } from "../../sync/lead/clock.ts";
import type { LeaseStore } from "./lease-store.ts";

const WATCH_MS = 25_000;

/** Time held in hand: what is due happens in order, and only when time is let go on. */
export class World {
  now = 0;
  #due: { readonly time: number; readonly happen: () => void }[] = [];

  at(time: number, happen: () => void): void {
    const later = this.#due.findIndex((other) => other.time > time);
    this.#due.splice(later < 0 ? this.#due.length : later, 0, { time, happen });
  }

  /** Lets time go on until `time`. After each thing that happens, and all that follows from it at once, it calls `look`. */
  async until(time: number, look: () => void = () => {}): Promise<void> {
    await setImmediate();
    for (let next = this.#due[0]; next && next.time <= time; next = this.#due[0]) {
      this.#due.shift();
      this.now = next.time;
      next.happen();
      await setImmediate(); // promises go first
      look();
    }
    this.now = time;
  }
}

/** What becomes of a request: its way there and back in ms, and what happens on the way. */
export interface Fate {
  readonly type: "answered" | "refused" | "lost" | "unanswered";
  readonly there: number;
  readonly back: number;
  /** For how long the machine is suspended once it has sent it, in ms. */
  readonly suspended?: number;
}

export const FINE: Fate = { type: "answered", there: 0, back: 0 };

/** A machine with a clock of its own, from which requests go to the API server. */
export class Machine {
  /** Each request's fate. */
  fate: () => Fate = () => FINE;
  /** Nothing runs on it before: neither what was waited for nor what was to be done. */
  suspendedUntil = 0;
  /** What its clock says of the day, by the world's time. */
  today: (now: number) => Date = (now) => new Date(Date.UTC(2026, 2, 1, 12) + now);
  /** Requests it sent, and when: "12000 replace". */
  readonly sent: string[] = [];
  readonly clock: Clock;
  readonly api: Api;
  readonly #world: World;
  readonly #store: LeaseStore;

  constructor(world: World, store: LeaseStore) {
    this.#world = world;
    this.#store = store;
    this.clock = {
      now: () => world.now,
      today: () => this.today(world.now),
      sleep: (ms, ended) =>
        new Promise((resolve) => {
          if (ended.aborted) resolve();
          ended.addEventListener("abort", () => resolve());
          this.#later(ms, resolve);
        }),
    };
    this.api = {
      get: () => this.#ask("list", () => store.list()),
      create: (_, object) => this.#ask("create", () => store.create(object)),
      replace: (_, object) => this.#ask("replace", () => store.replace(object)),
      patch: () => Promise.reject(new Error("not asked for here")),
      remove: () => Promise.reject(new Error("not asked for here")),
      watch: (_, query, ended) => this.#watch(Number(query.resourceVersion), ended),
    };
  }

  /** Suspends it for `ms`: for ever is a crash. */
  suspend(ms: number): void {
    this.suspendedUntil = Math.max(this.suspendedUntil, this.#world.now + ms);
  }

  #later(ms: number, happen: () => void): void {
    this.#world.at(this.#world.now + ms, () => this.#wake(happen));
  }

  #wake(happen: () => void): void {
    if (this.#world.now >= this.suspendedUntil) happen();
    else if (this.suspendedUntil < Number.POSITIVE_INFINITY) {
      this.#world.at(this.suspendedUntil, () => this.#wake(happen));
    }
  }

  #ask(name: string, carryOut: () => object): Promise<unknown> {
    this.sent.push(`${Math.round(this.#world.now)} ${name}`);
    const { type, there, back, suspended = 0 } = this.fate();
    this.suspend(suspended);
    return new Promise((resolve, reject) => {
      if (type === "lost") return this.#later(there + back, () => reject(new Error("the connection broke")));
      if (type === "refused") return this.#later(there + back, () => reject(new ApiError(500, "Unknown", "no")));
      this.#world.at(this.#world.now + there, () => {
        const answer = answerOf(carryOut);
        if (type === "answered") this.#later(back, () => (answer.ok ? resolve(answer.value) : reject(answer.error)));
      });
    });
  }

  /** A watch that is lost breaks after a while, and one that is unanswered brings nothing. */
  async *#watch(version: number, ended: AbortSignal): AsyncGenerator<WatchEvent, void> {
    this.sent.push(`${Math.round(this.#world.now)} watch`);
    const { type, there, back } = this.fate();
    if (type === "refused") throw new ApiError(403, "Forbidden", "you may not watch");
    const events: WatchEvent[] = [];
    let isOver = false;
    let stir = () => {};
    const over = () => {
      isOver = true;
      stir();
    };
    const unfollow = this.#store.follow(version, (event) => {
      if (type === "unanswered") return;
      this.#later(there, () => {
        events.push(structuredClone(event));
        stir();
      });
    });
    ended.addEventListener("abort", over);
    this.#later(type === "lost" ? back : WATCH_MS, over);
    while (!ended.aborted && !isOver) {
      yield* events.splice(0);
      if (events.length > 0 || isOver) continue;
      await new Promise<void>((resolve) => {
        stir = resolve;
      });
    }
    unfollow();
    if (type === "lost" && !ended.aborted) throw new Error("the connection broke");
  }
}

type Answer = { readonly ok: true; readonly value: object } | { readonly ok: false; readonly error: unknown };

function answerOf(carryOut: () => object): Answer {
  try {
    return { ok: true, value: structuredClone(carryOut()) };
  } catch (error) {
    return { ok: false, error };
  }
}
