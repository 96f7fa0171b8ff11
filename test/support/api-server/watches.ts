import type { ServerResponse } from "node:http";
import { converted } from "./conversion.ts";
import type { Asked, StreamFault } from "./faults.ts";
import { cut } from "./listen.ts";
import { groupVersionOf, type Target } from "./resources.ts";
import { type Selects, selectorOf } from "./selectors.ts";
import { expired, statusOf } from "./statuses.ts";
import { type Change, type KubernetesObject, type Store, withVersion } from "./store.ts";

const BOOKMARK_BEFORE_END_MS = 2000; // as the real one does
const LASTS_SECONDS = 1800; // where the client doesn't say

interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: object;
}

/** One watch that a client has open. */
export class WatchStream {
  readonly asked: Asked;
  readonly #store: Store;
  readonly #target: Target;
  readonly #selects: Selects;
  readonly #response: ServerResponse;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unfollow: () => void;
  #silent = false;
  #closed = false;
  #half = false;
  #times = 1;
  #lateMs = 0;
  #from = 0;

  /** Answers a watch: what happened since its version, or all there is, and then what happens. */
  constructor(store: Store, target: Target, asked: Asked, response: ServerResponse, fault?: StreamFault) {
    this.asked = asked;
    this.#store = store;
    this.#target = target;
    this.#response = response;
    this.#selects = selectorOf(asked.query.labelSelector, asked.query.fieldSelector);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (fault) this.strike(fault);
    const from = Number(asked.query.resourceVersion ?? 0); // of a time to come: nothing until then
    this.#unfollow = store.follow((change) => change.version > from && this.#tell(change));
    response.once("close", () => this.#stop());
    this.#begin();
    this.#schedule();
  }

  get open(): boolean {
    return !this.#closed && !this.#response.writableEnded;
  }

  /** Lets a fault happen to this watch, now. */
  strike(fault: StreamFault): void {
    switch (fault.type) {
      case "cut":
        if (fault.half) this.#half = true;
        else cut(this.#response);
        return;
      case "silence":
        this.#silent = true;
        return;
      case "error":
        this.#fail({ reason: "InternalError", message: "an error on the server", ...fault });
        return;
      case "unparsable":
        this.#write(`${fault.line ?? '{"type":"MODIFIED","object":{"kind":'}\n`);
        return;
      case "twice":
        this.#times = 2;
        return;
      case "stale":
        for (const change of this.#store.since(this.#store.horizon).toReversed()) this.#tell(change);
        return;
      case "slow":
        this.#lateMs = fault.byMs;
    }
  }

  #begin(): void {
    const from = Number(this.asked.query.resourceVersion ?? 0);
    this.#from = Math.max(from, this.#store.latest(this.#target.resource.plural));
    if (from === 0) {
      const { plural } = this.#target.resource;
      const all = this.#store.at(plural, this.#store.version) ?? [];
      for (const object of all.filter((one) => this.#sees(one)))
        this.#send({ type: "ADDED", object: this.#own(object) });
    } else if (from < this.#store.horizon) {
      this.#fail(expired(`too old resource version: ${from} (${this.#store.horizon})`));
    } else {
      for (const change of this.#store.since(from)) this.#tell(change);
    }
  }

  #schedule(): void {
    const lastsMs = Number(this.asked.query.timeoutSeconds ?? LASTS_SECONDS) * 1000;
    this.#after(lastsMs, () => this.#end());
    if (this.asked.query.allowWatchBookmarks !== "true" || lastsMs < BOOKMARK_BEFORE_END_MS) return;
    this.#after(lastsMs - BOOKMARK_BEFORE_END_MS, () => this.#bookmark());
  }

  /** Of the latest write of the kind, where there was one since the watch began: a real one sends no other. */
  #bookmark(): void {
    const { resource } = this.#target;
    const latest = this.#store.latest(resource.plural);
    if (latest <= this.#from) return;
    const metadata = { resourceVersion: String(latest), creationTimestamp: null };
    this.#send({ type: "BOOKMARK", object: { kind: resource.kind, apiVersion: groupVersionOf(resource), metadata } });
  }

  #tell(change: Change): void {
    if (change.plural !== this.#target.resource.plural) return;
    const event = eventOf(change, (object) => this.#sees(object));
    if (event) this.#send({ type: event.type, object: this.#own(event.object) });
  }

  #sees(object: KubernetesObject): boolean {
    const { namespace } = this.#target;
    return (namespace === undefined || object.metadata.namespace === namespace) && this.#selects(object);
  }

  #own(object: KubernetesObject): KubernetesObject {
    return converted(object, this.#target.resource);
  }

  #fail(error: { code: number; reason: string; message: string }): void {
    this.#send({ type: "ERROR", object: statusOf(error) });
    this.#end();
  }

  #send(event: Event): void {
    const line = `${JSON.stringify(event)}\n`;
    for (let time = 0; time < this.#times; time++) {
      if (this.#lateMs > 0) this.#after(this.#lateMs, () => this.#write(line));
      else this.#write(line);
    }
  }

  #write(line: string): void {
    if (this.#silent || !this.open) return;
    if (!this.#half) this.#response.write(line);
    else this.#response.write(line.slice(0, line.length / 2), () => cut(this.#response));
  }

  #end(): void {
    if (!this.#silent) this.#response.end();
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #stop(): void {
    this.#closed = true;
    this.#unfollow();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** What a write is to a watch that sees some objects: one that it no longer sees is DELETED, as it was seen last. */
function eventOf({ before, after, version }: Change, sees: (object: KubernetesObject) => boolean) {
  const [saw, see] = [before && sees(before), after && sees(after)];
  if (after && see) return { type: saw ? ("MODIFIED" as const) : ("ADDED" as const), object: after };
  if (before && saw) return { type: "DELETED" as const, object: withVersion(before, version) };
  return undefined;
}
