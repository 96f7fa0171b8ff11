import { setImmediate } from "node:timers/promises";
import { ApiError, type KubernetesClient, type WatchEvent } from "../../../sync/kubernetes/client.ts";
import type { Clock } from "../../../sync/leader-election/clock.ts";
import type { LeaseStore } from "./lease-store.ts";

const WATCH_MS = 25_000;

/** Simulated time. Events run in order, and only while a test advances the time. */
export class Simulation {
  now = 0;
  #events: { readonly time: number; readonly run: () => void }[] = [];

  schedule(time: number, run: () => void): void {
    const position = this.#events.findIndex((other) => other.time > time);
    this.#events.splice(position < 0 ? this.#events.length : position, 0, { time, run });
  }

  /** Advances to `time`. Calls `onStep` after each event and the promises that it resolves. */
  async advanceTo(time: number, onStep: () => void = () => {}): Promise<void> {
    await setImmediate();
    for (let event = this.#events[0]; event && event.time <= time; event = this.#events[0]) {
      this.#events.shift();
      this.now = event.time;
      event.run();
      await setImmediate(); // promises first
      onStep();
    }
    this.now = time;
  }
}

/** The outcome of a request, with its latency in both directions. */
export interface NetworkOutcome {
  readonly type: "answered" | "refused" | "lost" | "unanswered";
  readonly requestMs: number;
  readonly responseMs: number;
  /** Suspends the node for this time after it sent the request. */
  readonly suspendMs?: number;
}

export const IMMEDIATE_SUCCESS: NetworkOutcome = { type: "answered", requestMs: 0, responseMs: 0 };

/** A node with its own clock. It sends requests to the API server. */
export class SimulatedNode {
  /** Returns the outcome of the next request. */
  nextOutcome: () => NetworkOutcome = () => IMMEDIATE_SUCCESS;
  /** Timers and responses of the node run after this time. */
  suspendedUntil = 0;
  /** The wall clock of the node at a simulated time. */
  wallClock: (now: number) => Date = (now) => new Date(Date.UTC(2026, 2, 1, 12) + now);
  /** Sent requests with their times: "12000 replace". */
  readonly requestLog: string[] = [];
  readonly clock: Clock;
  readonly api: KubernetesClient;
  readonly #simulation: Simulation;
  readonly #store: LeaseStore;

  constructor(simulation: Simulation, store: LeaseStore) {
    this.#simulation = simulation;
    this.#store = store;
    this.clock = {
      now: () => simulation.now,
      today: () => this.wallClock(simulation.now),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener("abort", () => resolve());
          this.#schedule(ms, resolve);
        }),
    };
    this.api = {
      get: () => this.#send("list", () => store.list()),
      getMetadata: () => Promise.reject(new Error("not simulated")),
      listMetadata: () => Promise.reject(new Error("not simulated")),
      create: (_, object) => this.#send("create", () => store.create(object)),
      replace: (_, object) => this.#send("replace", () => store.replace(object)),
      patch: () => Promise.reject(new Error("not simulated")),
      remove: () => Promise.reject(new Error("not simulated")),
      watch: (_, query, signal) => this.#watch(Number(query.resourceVersion), signal),
      watchMetadata: (_, query, signal) => this.#watch(Number(query.resourceVersion), signal),
    };
  }

  /** Suspends the node. An infinite time is a crash. */
  suspend(ms: number): void {
    this.suspendedUntil = Math.max(this.suspendedUntil, this.#simulation.now + ms);
  }

  #schedule(ms: number, run: () => void): void {
    this.#simulation.schedule(this.#simulation.now + ms, () => this.#runWhenAwake(run));
  }

  #runWhenAwake(run: () => void): void {
    if (this.#simulation.now >= this.suspendedUntil) run();
    else if (this.suspendedUntil < Number.POSITIVE_INFINITY) {
      this.#simulation.schedule(this.suspendedUntil, () => this.#runWhenAwake(run));
    }
  }

  #send(name: string, operation: () => object): Promise<unknown> {
    this.requestLog.push(`${Math.round(this.#simulation.now)} ${name}`);
    const { type, requestMs, responseMs, suspendMs = 0 } = this.nextOutcome();
    this.suspend(suspendMs);
    return new Promise((resolve, reject) => {
      if (type === "lost")
        return this.#schedule(requestMs + responseMs, () => reject(new Error("the connection broke")));
      if (type === "refused")
        return this.#schedule(requestMs + responseMs, () => reject(new ApiError(500, "Unknown", "no")));
      this.#simulation.schedule(this.#simulation.now + requestMs, () => {
        const result = runOperation(operation);
        if (type === "answered")
          this.#schedule(responseMs, () => (result.ok ? resolve(result.value) : reject(result.error)));
      });
    });
  }

  /** A "lost" watch breaks after a while. An "unanswered" watch yields no event. */
  async *#watch(version: number, signal: AbortSignal): AsyncGenerator<WatchEvent, void> {
    this.requestLog.push(`${Math.round(this.#simulation.now)} watch`);
    const { type, requestMs, responseMs } = this.nextOutcome();
    if (type === "refused") throw new ApiError(403, "Forbidden", "you may not watch");
    const events: WatchEvent[] = [];
    let isFinished = false;
    let wake = () => {};
    const finish = () => {
      isFinished = true;
      wake();
    };
    const unsubscribe = this.#store.subscribe(version, (event) => {
      if (type === "unanswered") return;
      this.#schedule(requestMs, () => {
        events.push(structuredClone(event));
        wake();
      });
    });
    signal.addEventListener("abort", finish);
    this.#schedule(type === "lost" ? responseMs : WATCH_MS, finish);
    while (!signal.aborted && !isFinished) {
      yield* events.splice(0);
      if (events.length > 0 || isFinished) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    unsubscribe();
    if (type === "lost" && !signal.aborted) throw new Error("the connection broke");
  }
}

type OperationResult = { readonly ok: true; readonly value: object } | { readonly ok: false; readonly error: unknown };

function runOperation(operation: () => object): OperationResult {
  try {
    return { ok: true, value: structuredClone(operation()) };
  } catch (error) {
    return { ok: false, error };
  }
}
