import type { ServerResponse } from "node:http";
import { convertToVersion } from "./conversion.ts";
import type { ApiRequest, WatchFault } from "./faults.ts";
import { dropConnection } from "./listen.ts";
import { formatGroupVersion, type RequestTarget } from "./resources.ts";
import { type ObjectPredicate, parseSelectors } from "./selectors.ts";
import { buildStatus, newExpired } from "./statuses.ts";
import { type KubernetesObject, type ObjectStore, type StoreChange, withVersion } from "./store.ts";

const BOOKMARK_BEFORE_END_MS = 2000; // as in Kubernetes
const DEFAULT_WATCH_SECONDS = 1800; // default of the server

interface StreamEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: object;
}

/** One open watch. */
export class WatchStream {
  readonly request: ApiRequest;
  readonly #store: ObjectStore;
  readonly #target: RequestTarget;
  readonly #isSelected: ObjectPredicate;
  readonly #response: ServerResponse;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unsubscribe: () => void;
  readonly #isMetadataOnly: boolean;
  #isSilent = false;
  #isClosed = false;
  #cutsMidEvent = false;
  #copies = 1;
  #delayMs = 0;
  #fromVersion = 0;

  /** Sends the changes since the requested version (or all objects), then every later change. */
  constructor(
    store: ObjectStore,
    target: RequestTarget,
    request: ApiRequest,
    response: ServerResponse,
    { fault, isMetadataOnly }: { fault?: WatchFault | undefined; isMetadataOnly: boolean },
  ) {
    this.#isMetadataOnly = isMetadataOnly;
    this.request = request;
    this.#store = store;
    this.#target = target;
    this.#response = response;
    this.#isSelected = parseSelectors(request.query.labelSelector, request.query.fieldSelector);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (fault) this.injectFault(fault);
    const fromVersion = Number(request.query.resourceVersion ?? 0); // a future version has no events yet
    this.#unsubscribe = store.subscribe((change) => change.version > fromVersion && this.#sendChange(change));
    response.once("close", () => this.#stop());
    this.#sendInitialEvents();
    this.#schedule();
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#response.writableEnded;
  }

  /** Injects a fault into this watch. */
  injectFault(fault: WatchFault): void {
    switch (fault.type) {
      case "cut":
        if (fault.half) this.#cutsMidEvent = true;
        else dropConnection(this.#response);
        return;
      case "silence":
        this.#isSilent = true;
        return;
      case "error":
        this.#fail({ reason: "InternalError", message: "server error", ...fault });
        return;
      case "unparsable":
        this.#write(`${fault.line ?? '{"type":"MODIFIED","object":{"kind":'}\n`);
        return;
      case "twice":
        this.#copies = 2;
        return;
      case "stale":
        for (const change of this.#store.changesSince(this.#store.oldestVersion).toReversed()) this.#sendChange(change);
        return;
      case "slow":
        this.#delayMs = fault.byMs;
    }
  }

  #sendInitialEvents(): void {
    const fromVersion = Number(this.request.query.resourceVersion ?? 0);
    this.#fromVersion = Math.max(fromVersion, this.#store.latestVersion(this.#target.resource.plural));
    if (fromVersion === 0) {
      const { plural } = this.#target.resource;
      const objects = this.#store.objectsAt(plural, this.#store.version) ?? [];
      for (const object of objects.filter((candidate) => this.#isVisible(candidate)))
        this.#send({ type: "ADDED", object: this.#convert(object) });
    } else if (fromVersion < this.#store.oldestVersion) {
      this.#fail(newExpired(`too old resource version: ${fromVersion} (${this.#store.oldestVersion})`));
    } else {
      for (const change of this.#store.changesSince(fromVersion)) this.#sendChange(change);
    }
  }

  #schedule(): void {
    const durationMs = Number(this.request.query.timeoutSeconds ?? DEFAULT_WATCH_SECONDS) * 1000;
    this.#after(durationMs, () => this.#end());
    if (this.request.query.allowWatchBookmarks !== "true" || durationMs < BOOKMARK_BEFORE_END_MS) return;
    this.#after(durationMs - BOOKMARK_BEFORE_END_MS, () => this.#bookmark());
  }

  /** Sends a bookmark only after a write to the resource during the watch, as in Kubernetes. */
  #bookmark(): void {
    const { resource } = this.#target;
    const latestVersion = this.#store.latestVersion(resource.plural);
    if (latestVersion <= this.#fromVersion) return;
    const metadata = { resourceVersion: String(latestVersion), creationTimestamp: null };
    this.#send({
      type: "BOOKMARK",
      object: { kind: resource.kind, apiVersion: formatGroupVersion(resource), metadata },
    });
  }

  #sendChange(change: StoreChange): void {
    if (change.plural !== this.#target.resource.plural) return;
    const event = buildEvent(change, (object) => this.#isVisible(object));
    if (event) this.#send({ type: event.type, object: this.#convert(event.object) });
  }

  #isVisible(object: KubernetesObject): boolean {
    const { namespace } = this.#target;
    return (namespace === undefined || object.metadata.namespace === namespace) && this.#isSelected(object);
  }

  #convert(object: KubernetesObject): object {
    return this.#isMetadataOnly ? reduceToMetadata(object) : convertToVersion(object, this.#target.resource);
  }

  #fail(error: { code: number; reason: string; message: string }): void {
    this.#send({ type: "ERROR", object: buildStatus(error) });
    this.#end();
  }

  #send(event: StreamEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    for (let copy = 0; copy < this.#copies; copy++) {
      if (this.#delayMs > 0) this.#after(this.#delayMs, () => this.#write(line));
      else this.#write(line);
    }
  }

  #write(line: string): void {
    if (this.#isSilent || !this.isOpen) return;
    if (!this.#cutsMidEvent) this.#response.write(line);
    else this.#response.write(line.slice(0, line.length / 2), () => dropConnection(this.#response));
  }

  #end(): void {
    if (!this.#isSilent) this.#response.end();
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #stop(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** Returns an object as PartialObjectMetadata. */
export function reduceToMetadata({ metadata }: { readonly metadata?: unknown }): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

/** Converts a write to an event of a filtered watch. An object that no longer matches is DELETED, in its last visible state. */
function buildEvent({ before, after, version }: StoreChange, isVisible: (object: KubernetesObject) => boolean) {
  const [wasVisible, isVisibleNow] = [before && isVisible(before), after && isVisible(after)];
  if (after && isVisibleNow) return { type: wasVisible ? ("MODIFIED" as const) : ("ADDED" as const), object: after };
  if (before && wasVisible) return { type: "DELETED" as const, object: withVersion(before, version) };
  return undefined;
}
