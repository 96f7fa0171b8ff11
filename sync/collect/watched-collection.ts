import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { KubernetesClient, Query } from "../kubernetes/client.ts";
import { type Change, listAndWatch, WatchedObject } from "../kubernetes/list-watch.ts";
import { buildResourcePath, type Resource } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import { LIVE_GENERATION_ANNOTATION } from "./annotation-names.ts";
import { type ParsedObject, parseObject } from "./parse-objects.ts";

/** An object as it is known: what compiling reads of it, and what reporting on it needs. */
export interface CachedObject {
  /** The same identity for as long as its content is the same. */
  readonly parsedObject: ParsedObject;
  readonly id: string; // "namespace/name"
  readonly subject: string; // as diagnostics name it: "Ingress namespace/name"
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: ObservedStatus;
}

/** What an Ingress says of itself: where it is reached, and since which generation. */
export interface ObservedStatus {
  readonly loadBalancer: readonly { readonly ip?: string | undefined; readonly hostname?: string | undefined }[];
  readonly liveGeneration: string | undefined;
}

/** A collection as it is known, kept in step with the API server until `ended`. */
export interface WatchedCollection {
  /** Undefined until it has been listed once; the same array for as long as nothing has changed. */
  list(): readonly CachedObject[] | undefined;
  /** An object by its id, "namespace/name", as it is known now. */
  get(id: string): CachedObject | undefined;
}

export interface CollectionListener {
  /** What is known has changed, as far as compiling is concerned; or it is known for the first time. */
  readonly onChange: () => void;
  /** A list or a watch failed. What was known still counts. */
  readonly onError: (error: Error) => void;
}

/** What of a resource is followed: one namespace or all, and which objects in it. */
export interface CollectionScope {
  readonly namespace?: string | undefined;
  readonly query: Query;
}

/** Follows a collection. Its objects are as the server had them at its last word, however long ago that was. */
export function watchCollection(
  api: KubernetesClient,
  resource: Resource,
  { namespace, query }: CollectionScope,
  { onChange, onError }: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): WatchedCollection {
  const objects = new Map<string, CachedObject>();
  let isListed = false;
  let cachedList: readonly CachedObject[] | undefined; // what is known, until that changes
  const transform = (object: WatchedObject) => buildCachedObject(object, resource);
  const run = async () => {
    for await (const change of listAndWatch(
      api,
      { path: buildResourcePath(resource, namespace), query, transform },
      signal,
      sleep,
    )) {
      if (change.type === "failed") {
        onError(change.error);
        continue;
      }
      const hasChanged = applyChange(change, objects) || !isListed;
      isListed = true;
      cachedList = undefined;
      if (hasChanged) onChange();
    }
  };
  void run();
  return {
    list() {
      if (isListed) cachedList ??= [...objects.values()];
      return cachedList;
    },
    get: (id) => objects.get(id),
  };
}

/** Brings `known` up to date; whether that makes a difference to compiling. */
export function applyChange(
  change: Exclude<Change<CachedObject>, { type: "failed" }>,
  objects: Map<string, CachedObject>,
): boolean {
  switch (change.type) {
    case "listed": {
      const listedIds = new Set(change.objects.map(({ id }) => id));
      const removedIds = [...objects.keys()].filter((key) => !listedIds.has(key));
      for (const key of removedIds) objects.delete(key);
      const changedObjects = change.objects.filter((object) => upsertObject(object, objects));
      return removedIds.length + changedObjects.length > 0;
    }
    case "updated":
      return upsertObject(change.object, objects);
    case "deleted":
      return objects.delete(change.object.id);
  }
}

/** Keeps an object. One that is the same, with the same content, keeps its identity: later stages remember by it. */
function upsertObject(object: CachedObject, objects: Map<string, CachedObject>): boolean {
  const cached = objects.get(object.id);
  const hasChanged = cached?.uid !== object.uid || !isDeepStrictEqual(cached.parsedObject, object.parsedObject);
  objects.set(object.id, hasChanged ? object : { ...object, parsedObject: cached.parsedObject });
  return hasChanged;
}

/** One object as it is now, whether it is followed or not. Rejects with an ApiError where there is none. */
export async function fetchObject(api: KubernetesClient, resource: Resource, id: string): Promise<CachedObject> {
  const [namespace, name] = id.split("/");
  return buildCachedObject(WatchedObject.parse(await api.get(buildResourcePath(resource, namespace, name))), resource);
}

function buildCachedObject(object: WatchedObject, { apiVersion, kind }: Resource): CachedObject {
  const [parsedObject] = parseObject({ object: { ...object, apiVersion, kind }, source: apiVersion });
  if (!parsedObject) throw new Error(`${kind} is no kind that is read`); // a resource that nobody should follow
  const { name, namespace = "", uid = "", resourceVersion = "" } = object.metadata;
  const id = `${namespace}/${name}`;
  const subject = `${kind} ${id}`;
  return {
    parsedObject,
    id,
    subject,
    namespace,
    name,
    apiVersion,
    uid,
    resourceVersion,
    status: parseObservedStatus(object),
  };
}

const StatusObject = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
  status: z
    .object({
      loadBalancer: z
        .object({
          ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

function parseObservedStatus(object: WatchedObject): ObservedStatus {
  const { metadata, status } = StatusObject.safeParse(object).data ?? {};
  return {
    loadBalancer: status?.loadBalancer?.ingress ?? [],
    liveGeneration: metadata?.annotations?.[LIVE_GENERATION_ANNOTATION],
  };
}
