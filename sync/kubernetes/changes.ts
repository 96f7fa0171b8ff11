import * as z from "zod";
import { type Api, ApiError, apiErrorOf, type Query, type WatchEvent } from "./api.ts";

const PAGE_OBJECTS = 500;
const SHORT_MS = 1000;
const PAUSE_MS = 500;
const MOST_PAUSE_MS = 10_000;

/** Any object of the API, as far as watching it needs. */
export const Identified = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
  }),
});
export type Identified = z.infer<typeof Identified>;

/** What becomes known of a collection. After a failure what was known still counts: missing data is not a deletion. */
export type Change<T> =
  | { readonly type: "listed"; readonly objects: readonly T[] } // all that there is
  | { readonly type: "seen"; readonly object: T }
  | { readonly type: "gone"; readonly object: T }
  | { readonly type: "failed"; readonly error: Error };

/** Which objects: a collection, and which of it; and what is kept of each, so that lists are never held whole as they came. */
export interface Followed<T> {
  readonly path: string;
  readonly query: Query;
  readonly keep: (object: Identified) => T;
}

/** Waits so many milliseconds, or until `ended`. */
export type Pause = (ms: number, ended: AbortSignal) => Promise<void>;

/**
 * Every change to a collection until `ended`: a list, its watch, and a new list where the watch cannot go on from where it
 * was. It never throws: what fails is told and tried again, after a pause that grows to ten seconds.
 */
export async function* changes<T>(
  api: Api,
  followed: Followed<T>,
  ended: AbortSignal,
  pause: Pause,
): AsyncGenerator<Change<T>, void> {
  let from: string | undefined;
  for (let failures = 0; !ended.aborted; ) {
    const began = performance.now();
    let [isOver, wasWell] = [false, false];
    for await (const { change, at } of attempt(api, followed, from, ended)) {
      from = at;
      isOver = at === undefined || change?.type === "failed";
      wasWell ||= !isOver;
      if (change) yield change;
    }
    const lasted = performance.now() - began > SHORT_MS;
    failures = failuresAfter(failures, { isOver, wasWell, lasted });
    if (failures > 0) await pause(pauseOf(failures - 1), ended);
  }
}

/** How many attempts in a row have failed by now. An outage that is over does not count in the next one. */
function failuresAfter(before: number, { isOver, wasWell, lasted }: Readonly<Record<string, boolean>>): number {
  if (!isOver && lasted) return 0;
  // A server that ends every watch at once fails too: it is not asked in a tight loop.
  return wasWell && lasted ? 1 : before + 1;
}

/** What is known, and the version up to which; without one all must be listed anew. */
interface Known<T> {
  readonly change: Change<T> | undefined;
  readonly at: string | undefined;
}

/** One watch, and how it failed if it did. */
async function* attempt<T>(
  api: Api,
  followed: Followed<T>,
  from: string | undefined,
  ended: AbortSignal,
): AsyncGenerator<Known<T>> {
  let at = from;
  try {
    for await (const known of onward(api, followed, from, ended)) {
      at = known.at;
      yield known;
    }
  } catch (error) {
    if (ended.aborted) return;
    const isOver = error instanceof ApiError || error instanceof Unreadable;
    const isExpired = error instanceof ApiError && error.status === 410; // nothing is wrong: it is listed anew
    const change = { type: "failed", error: error instanceof Error ? error : new Error(String(error)) } as const;
    yield { at: isOver ? undefined : at, change: isExpired ? undefined : change };
  }
}

/** One watch, from a version or from a list made now. */
async function* onward<T>(
  api: Api,
  followed: Followed<T>,
  from: string | undefined,
  ended: AbortSignal,
): AsyncGenerator<Known<T>> {
  let version = from;
  if (version === undefined) {
    const { objects, at } = await listAll(api, followed);
    version = at;
    yield { change: { type: "listed", objects }, at };
  }
  const { path, query, keep } = followed;
  for await (const event of api.watch(path, { ...query, resourceVersion: version }, ended)) yield read(event, keep);
}

/** An answer that is not what the API promises: nothing may be concluded from it. */
class Unreadable extends Error {}

const Version = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const Status = z.object({ code: z.number() });

/** What an event says, and the version up to which all is known with it. Throws where the watch is over. */
function read<T>({ type, object }: WatchEvent, keep: (object: Identified) => T): Known<T> {
  if (type === "ERROR") throw apiErrorOf(Status.safeParse(object).data?.code ?? 500, object);
  const version = Version.safeParse(object);
  if (!version.success) throw new Unreadable(`a watch brought a ${type} event without a version`);
  const at = version.data.metadata.resourceVersion;
  if (type === "BOOKMARK") return { at, change: undefined };
  const identified = Identified.safeParse(object);
  if (!identified.success) throw new Unreadable(`a watch brought a ${type} event without an object's name`);
  return { at, change: { type: type === "DELETED" ? "gone" : "seen", object: keep(identified.data) } };
}

/** Half a second, doubled with each failure, and up to half as much again so that many do not come back together. */
function pauseOf(failures: number): number {
  return Math.min(MOST_PAUSE_MS, PAUSE_MS * 2 ** failures) * (1 + Math.random() / 2);
}

const List = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    continue: z.string().optional(),
    remainingItemCount: z.number().optional(),
  }),
  items: z
    .array(Identified)
    .nullish()
    .transform((items) => items ?? []), // null where there are none
});

/** All objects of a collection, page by page, as they were at one version. Rejects unless every page came whole. */
async function listAll<T>(api: Api, { path, query, keep }: Followed<T>): Promise<{ objects: T[]; at: string }> {
  const objects: T[] = [];
  for (let next: string | undefined; ; ) {
    const page = List.safeParse(await api.get(path, { ...query, limit: PAGE_OBJECTS, continue: next }));
    if (!page.success) throw new Unreadable(`${path} is not a list of objects`);
    const { metadata, items } = page.data;
    objects.push(...items.map(keep));
    next = metadata.continue || undefined;
    if (next === undefined && (metadata.remainingItemCount ?? 0) > 0) {
      throw new Unreadable(`the list of ${path} ends ${metadata.remainingItemCount} objects short`);
    }
    if (next === undefined) return { objects, at: metadata.resourceVersion };
  }
}
