import type { WatchedObject } from "../../kubernetes/list.ts";
import { type Change, type ListWatchClient, listAndWatch } from "../../kubernetes/list-watch.ts";
import { buildResourcePath, CONFIG_MAPS, type Resource, SECRETS } from "../../kubernetes/resources.ts";
import type { Reference } from "../cluster-model.ts";
import { type CollectionListener, watchCollection } from "../watched-collection.ts";
import type { ObservedReference } from "./observed-reference.ts";
import { createReferenceReader, isRefusal, type ReferenceClient } from "./reference-reader.ts";

/** For one object, a watch by its name is cheaper: it has no events of other objects. */
const MIN_SHARED_OBJECTS = 2;
/** After a refusal, one watch for all is tried again after this time. */
const REFUSAL_RETRY_MS = 600_000;

export interface ReferenceListener extends CollectionListener {
  /** Reports a state that needs no action, as one line. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/** The metadata of an object that is kept. Everything else is dropped at once. */
interface ObjectVersion {
  readonly name: string;
  readonly resourceVersion: string | undefined;
}

/**
 * The Secrets or ConfigMaps of one namespace that rules refer to. One watch reports the metadata of all objects of the
 * namespace, and only the referenced ones are then read, each by its name. If the API server refuses that, each
 * referenced object has a separate watch.
 */
export class ReferenceGroup {
  readonly #client: ReferenceClient;
  readonly #kind: Reference["kind"];
  readonly #namespace: string;
  readonly #listener: ReferenceListener;
  readonly #signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #objects = new Map<string, ObservedReference>();
  readonly #watchesByName = new Map<string, AbortController>();
  #state: "by name" | "undecided" | "shared" | "refused" = "by name";
  #read: (object: ObservedReference) => void = () => {};

  constructor(
    client: ReferenceClient,
    { kind, namespace }: Pick<Reference, "kind" | "namespace">,
    listener: ReferenceListener,
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#kind = kind;
    this.#namespace = namespace;
    this.#listener = listener;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** Watches further objects. */
  add(objects: readonly ObservedReference[]): void {
    for (const object of objects) this.#objects.set(object.reference.name, object);
    if (this.#state === "by name" && this.#objects.size >= MIN_SHARED_OBJECTS) {
      this.#state = "undecided"; // the first answer decides how the new objects are watched
      void this.#runShared();
    } else if (this.#state === "shared") objects.forEach(this.#read);
    else if (this.#state !== "undecided") for (const object of objects) this.#watchByName(object);
  }

  /** Stops to watch an object. Returns whether it was the last one; then the group has ended. */
  remove({ reference: { name } }: ObservedReference): boolean {
    this.#objects.get(name)?.drop();
    this.#objects.delete(name);
    this.#watchesByName.get(name)?.abort();
    this.#watchesByName.delete(name);
    if (this.#objects.size === 0) this.#stop.abort();
    return this.#objects.size === 0;
  }

  async #runShared(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#followNamespace();
      await this.#client.sleep(REFUSAL_RETRY_MS, this.#signal);
    }
  }

  /** Follows the whole namespace until the API server refuses it. */
  async #followNamespace(): Promise<void> {
    const { api, limit, sleep } = this.#client;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    const onRefusal = (error: Error) => {
      stop.abort();
      this.#fallBack(error);
    };
    const read = createReferenceReader(this.#client, this.#resource, { ...this.#listener, onRefusal }, signal);
    const metadataApi: ListWatchClient = {
      get: (path, query) => limit(() => api.listMetadata(path, query)),
      watch: api.watchMetadata,
    };
    const target = { path: buildResourcePath(this.#resource, this.#namespace), query: {}, transform: selectVersion };
    for await (const change of listAndWatch(metadataApi, target, signal, sleep)) {
      if (signal.aborted) return;
      if (change.type === "failed" && isRefusal(change.error)) onRefusal(change.error);
      else this.#applyChange(change, read);
    }
  }

  #applyChange(change: Change<ObjectVersion>, read: (object: ObservedReference) => void): void {
    switch (change.type) {
      case "listed":
        this.#share(read);
        this.#readOutdated(change.objects);
        return;
      case "updated":
        this.#readIfOutdated(change.object.name, change.object.resourceVersion);
        return;
      case "deleted":
        this.#readIfOutdated(change.object.name, undefined);
        return;
      case "failed":
        this.#recordFailure(change.error);
        return;
      case "answered":
        this.#listener.onAnswer?.();
    }
  }

  #readOutdated(listedObjects: readonly ObjectVersion[]): void {
    const versions = new Map(listedObjects.map(({ name, resourceVersion }) => [name, resourceVersion]));
    for (const name of this.#objects.keys()) this.#readIfOutdated(name, versions.get(name));
  }

  #readIfOutdated(name: string, version: string | undefined): void {
    const object = this.#objects.get(name);
    if (object?.isOutdated(version)) this.#read(object);
  }

  #recordFailure(error: Error): void {
    this.#listener.onError(error);
    if (this.#state === "refused") return; // the watches by name have their own failures
    for (const object of this.#objects.values()) object.recordFailure(error);
  }

  /** Replaces the watches by name by the one of the namespace. */
  #share(read: (object: ObservedReference) => void): void {
    this.#state = "shared";
    this.#read = read;
    for (const watch of this.#watchesByName.values()) watch.abort();
    this.#watchesByName.clear();
  }

  /** Watches each object by name, because the API server refused one watch for all. */
  #fallBack(error: Error): void {
    if (this.#state === "refused") return;
    this.#state = "refused";
    this.#listener.onNote?.(
      `watched by name kind=${this.#kind} namespace=${this.#namespace}: one watch for all was refused: ${error.message}. To allow it, bind ClusterRole edgress-reads-references in the namespace`,
    );
    for (const object of this.#objects.values()) this.#watchByName(object);
  }

  #watchByName(object: ObservedReference): void {
    const { name, namespace } = object.reference;
    if (this.#watchesByName.has(name)) return;
    const stop = new AbortController();
    this.#watchesByName.set(name, stop);
    const listener: CollectionListener = {
      onChange: () => object.reportChange(),
      onError: (error) => {
        object.recordFailure(error);
        this.#listener.onError(error);
      },
      onAnswer: this.#listener.onAnswer,
    };
    const scope = { namespace, query: { fieldSelector: `metadata.name=${name}` } };
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    watchCollection(this.#client.api, this.#resource, scope, listener, this.#client.sleep, signal, object.cache);
  }

  get #resource(): Resource {
    return this.#kind === "Secret" ? SECRETS : CONFIG_MAPS;
  }
}

function selectVersion({ metadata: { name, resourceVersion } }: WatchedObject): ObjectVersion {
  return { name, resourceVersion };
}
