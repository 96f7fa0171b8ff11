import { isDeepStrictEqual } from "node:util";
import type { Change } from "../kubernetes/list-watch.ts";
import type { ParsedObject } from "./parsed-object.ts";

/** An observed object: its parsed content for compiling, and its metadata and status for reports. */
export interface CachedObject {
  /** The same JavaScript object until the content changes. */
  readonly parsedObject: ParsedObject;
  readonly id: string; // "namespace/name", or "/name" outside namespaces
  readonly subject: string; // its name in diagnostics: "Ingress namespace/name", "GatewayClass name"
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: ObservedStatus;
  /** The fields of a Gateway API object that its status needs. */
  readonly gatewayFields?: GatewayFields;
}

/** The finalizers and the status of a Gateway API object, as the API server has them. */
export interface GatewayFields {
  readonly finalizers: readonly string[];
  readonly status: unknown;
}

/** The status of an Ingress: its addresses, and the generation since which it is live. */
export interface ObservedStatus {
  readonly loadBalancer: readonly { readonly ip?: string | undefined; readonly hostname?: string | undefined }[];
  readonly liveGeneration: string | undefined;
}

/** The observed objects of one collection. */
export class ObjectCache {
  readonly #objects = new Map<string, CachedObject>();
  #isListed = false;
  #list: readonly CachedObject[] | undefined; // until the next change
  readonly #firstList = Promise.withResolvers<void>();

  /** Resolves when the first list was applied. */
  readonly ready: Promise<void> = this.#firstList.promise;

  list(): readonly CachedObject[] | undefined {
    if (this.#isListed) this.#list ??= [...this.#objects.values()];
    return this.#list;
  }

  get(id: string): CachedObject | undefined {
    return this.#objects.get(id);
  }

  /** Applies a change. Returns whether it affects compiling, or is the first list. */
  apply(change: Exclude<Change<CachedObject>, { type: "failed" | "answered" }>): boolean {
    const hasChanged = this.#applyToObjects(change) || !this.#isListed;
    this.#isListed = true;
    this.#firstList.resolve();
    this.#list = undefined;
    return hasChanged;
  }

  #applyToObjects(change: Exclude<Change<CachedObject>, { type: "failed" | "answered" }>): boolean {
    switch (change.type) {
      case "listed": {
        const listedIds = new Set(change.objects.map(({ id }) => id));
        const removedIds = [...this.#objects.keys()].filter((key) => !listedIds.has(key));
        for (const key of removedIds) this.#objects.delete(key);
        const changedObjects = change.objects.filter((object) => this.#upsert(object));
        return removedIds.length + changedObjects.length > 0;
      }
      case "updated":
        return this.#upsert(change.object);
      case "deleted":
        return this.#objects.delete(change.object.id);
    }
  }

  /** Stores an object. Unchanged content keeps its identity, because later stages cache by identity. */
  #upsert(object: CachedObject): boolean {
    const cached = this.#objects.get(object.id);
    const hasChanged = cached?.uid !== object.uid || !isDeepStrictEqual(cached.parsedObject, object.parsedObject);
    this.#objects.set(object.id, hasChanged ? object : { ...object, parsedObject: cached.parsedObject });
    return hasChanged;
  }
}
