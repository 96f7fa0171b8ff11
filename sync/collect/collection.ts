import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Api, Query } from "../kubernetes/api.ts";
import { type Change, changes, Identified, type Pause } from "../kubernetes/changes.ts";
import { pathOf, type Resource } from "../kubernetes/resources.ts";
import { LIVE_GENERATION, type Read, readObject } from "./objects.ts";

/** An object as it is known: what compiling reads of it, and what reporting on it needs. */
export interface Kept {
  /** The same identity for as long as its content is the same. */
  readonly read: Read;
  readonly id: string; // "namespace/name"
  readonly subject: string; // as diagnostics name it: "Ingress namespace/name"
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly shown: Shown;
}

/** What an Ingress says of itself: where it is reached, and since which generation. */
export interface Shown {
  readonly loadBalancer: readonly { readonly ip?: string | undefined; readonly hostname?: string | undefined }[];
  readonly liveGeneration: string | undefined;
}

/** A collection as it is known, kept in step with the API server until `ended`. */
export interface Collection {
  /** Undefined until it has been listed once; the same array for as long as nothing has changed. */
  kept(): readonly Kept[] | undefined;
  /** An object by its id, "namespace/name", as it is known now. */
  get(id: string): Kept | undefined;
}

export interface Listeners {
  /** What is known has changed, as far as compiling is concerned; or it is known for the first time. */
  readonly changed: () => void;
  /** A list or a watch failed. What was known still counts. */
  readonly failed: (error: Error) => void;
}

/** What of a resource is followed: one namespace or all, and which objects in it. */
export interface Scope {
  readonly namespace?: string | undefined;
  readonly query: Query;
}

/** Follows a collection. Its objects are as the server had them at its last word, however long ago that was. */
export function follow(
  api: Api,
  resource: Resource,
  { namespace, query }: Scope,
  { changed, failed }: Listeners,
  pause: Pause,
  ended: AbortSignal,
): Collection {
  const known = new Map<string, Kept>();
  let isListed = false;
  let listed: readonly Kept[] | undefined; // what is known, until that changes
  const keep = (object: Identified) => keptOf(object, resource);
  const run = async () => {
    for await (const change of changes(api, { path: pathOf(resource, namespace), query, keep }, ended, pause)) {
      if (change.type === "failed") {
        failed(change.error);
        continue;
      }
      const isNews = take(change, known) || !isListed;
      isListed = true;
      listed = undefined;
      if (isNews) changed();
    }
  };
  void run();
  return {
    kept() {
      if (isListed) listed ??= [...known.values()];
      return listed;
    },
    get: (id) => known.get(id),
  };
}

/** Brings `known` up to date; whether that makes a difference to compiling. */
export function take(change: Exclude<Change<Kept>, { type: "failed" }>, known: Map<string, Kept>): boolean {
  switch (change.type) {
    case "listed": {
      const listed = new Set(change.objects.map(({ id }) => id));
      const gone = [...known.keys()].filter((key) => !listed.has(key));
      for (const key of gone) known.delete(key);
      const news = change.objects.filter((object) => put(object, known));
      return gone.length + news.length > 0;
    }
    case "seen":
      return put(change.object, known);
    case "gone":
      return known.delete(change.object.id);
  }
}

/** Keeps an object. One that is the same, with the same content, keeps its identity: later stages remember by it. */
function put(kept: Kept, known: Map<string, Kept>): boolean {
  const before = known.get(kept.id);
  const isNews = before?.uid !== kept.uid || !isDeepStrictEqual(before.read, kept.read);
  known.set(kept.id, isNews ? kept : { ...kept, read: before.read });
  return isNews;
}

/** One object as it is now, whether it is followed or not. Rejects with an ApiError where there is none. */
export async function lookAt(api: Api, resource: Resource, id: string): Promise<Kept> {
  const [namespace, name] = id.split("/");
  return keptOf(Identified.parse(await api.get(pathOf(resource, namespace, name))), resource);
}

function keptOf(object: Identified, { apiVersion, kind }: Resource): Kept {
  const [read] = readObject({ object: { ...object, apiVersion, kind }, source: apiVersion });
  if (!read) throw new Error(`${kind} is no kind that is read`); // a resource that nobody should follow
  const { name, namespace = "", uid = "", resourceVersion = "" } = object.metadata;
  const id = `${namespace}/${name}`;
  const subject = `${kind} ${id}`;
  return { read, id, subject, namespace, name, apiVersion, uid, resourceVersion, shown: shownOf(object) };
}

const ShownObject = z.object({
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

function shownOf(object: Identified): Shown {
  const { metadata, status } = ShownObject.safeParse(object).data ?? {};
  return {
    loadBalancer: status?.loadBalancer?.ingress ?? [],
    liveGeneration: metadata?.annotations?.[LIVE_GENERATION],
  };
}
