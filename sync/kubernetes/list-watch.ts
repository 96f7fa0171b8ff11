import * as z from "zod";
import type { Sleep } from "../runtime/sleep.ts";
import { ApiError, createApiError, type KubernetesClient, type Query, type WatchEvent } from "./client.ts";

const LIST_PAGE_SIZE = 500;
const MIN_WATCH_MS = 1000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** Any object of the API, as far as watching it needs. */
export const WatchedObject = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
  }),
});
export type WatchedObject = z.infer<typeof WatchedObject>;

/** What becomes known of a collection. After a failure what was known still counts: missing data is not a deletion. */
export type Change<T> =
  | { readonly type: "listed"; readonly objects: readonly T[] } // all that there is
  | { readonly type: "updated"; readonly object: T }
  | { readonly type: "deleted"; readonly object: T }
  | { readonly type: "failed"; readonly error: Error };

/** Which objects: a collection, and which of it; and what is kept of each, so that lists are never held whole as they came. */
export interface ListWatchTarget<T> {
  readonly path: string;
  readonly query: Query;
  readonly transform: (object: WatchedObject) => T;
}

/**
 * Every change to a collection until `ended`: a list, its watch, and a new list where the watch cannot go on from where it
 * was. It never throws: what fails is told and tried again, after a pause that grows to ten seconds.
 */
export async function* listAndWatch<T>(
  api: KubernetesClient,
  target: ListWatchTarget<T>,
  signal: AbortSignal,
  sleep: Sleep,
): AsyncGenerator<Change<T>, void> {
  let sinceVersion: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    const startedAt = performance.now();
    let [mustRelist, hadSuccess] = [false, false];
    for await (const { change, resourceVersion } of tryWatch(api, target, sinceVersion, signal)) {
      sinceVersion = resourceVersion;
      mustRelist = resourceVersion === undefined || change?.type === "failed";
      hadSuccess ||= !mustRelist;
      if (change) yield change;
    }
    const wasLong = performance.now() - startedAt > MIN_WATCH_MS;
    failures = countFailures(failures, { mustRelist, hadSuccess, wasLong });
    if (failures > 0) await sleep(computeRetryDelay(failures - 1), signal);
  }
}

/** How many attempts in a row have failed by now. An outage that is over does not count in the next one. */
function countFailures(
  previousFailures: number,
  { mustRelist, hadSuccess, wasLong }: Readonly<Record<string, boolean>>,
): number {
  if (!mustRelist && wasLong) return 0;
  // A server that ends every watch at once fails too: it is not asked in a tight loop.
  return hadSuccess && wasLong ? 1 : previousFailures + 1;
}

/** What is known, and the version up to which; without one all must be listed anew. */
interface WatchStep<T> {
  readonly change: Change<T> | undefined;
  readonly resourceVersion: string | undefined;
}

/** One watch, and how it failed if it did. */
async function* tryWatch<T>(
  api: KubernetesClient,
  target: ListWatchTarget<T>,
  sinceVersion: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchStep<T>> {
  let lastVersion = sinceVersion;
  try {
    for await (const step of listOrResume(api, target, sinceVersion, signal)) {
      lastVersion = step.resourceVersion;
      yield step;
    }
  } catch (error) {
    if (signal.aborted) return;
    const mustRelist = error instanceof ApiError || error instanceof InvalidResponseError;
    const isExpired = error instanceof ApiError && error.status === 410; // nothing is wrong: it is listed anew
    const change = { type: "failed", error: error instanceof Error ? error : new Error(String(error)) } as const;
    yield { resourceVersion: mustRelist ? undefined : lastVersion, change: isExpired ? undefined : change };
  }
}

/** One watch, from a version or from a list made now. */
async function* listOrResume<T>(
  api: KubernetesClient,
  target: ListWatchTarget<T>,
  sinceVersion: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchStep<T>> {
  let version = sinceVersion;
  if (version === undefined) {
    const { objects, resourceVersion } = await listAll(api, target);
    version = resourceVersion;
    yield { change: { type: "listed", objects }, resourceVersion };
  }
  const { path, query, transform } = target;
  for await (const event of api.watch(path, { ...query, resourceVersion: version }, signal))
    yield parseChange(event, transform);
}

/** An answer that is not what the API promises: nothing may be concluded from it. */
class InvalidResponseError extends Error {}

const Version = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const Status = z.object({ code: z.number() });

/** What an event says, and the version up to which all is known with it. Throws where the watch is over. */
function parseChange<T>({ type, object }: WatchEvent, keep: (object: WatchedObject) => T): WatchStep<T> {
  if (type === "ERROR") throw createApiError(Status.safeParse(object).data?.code ?? 500, object);
  const version = Version.safeParse(object);
  if (!version.success) throw new InvalidResponseError(`a watch brought a ${type} event without a version`);
  const resourceVersion = version.data.metadata.resourceVersion;
  if (type === "BOOKMARK") return { resourceVersion, change: undefined };
  const parsedObject = WatchedObject.safeParse(object);
  if (!parsedObject.success) throw new InvalidResponseError(`a watch brought a ${type} event without an object's name`);
  return {
    resourceVersion,
    change: { type: type === "DELETED" ? "deleted" : "updated", object: keep(parsedObject.data) },
  };
}

/** Half a second, doubled with each failure, and up to half as much again so that many do not come back together. */
function computeRetryDelay(failures: number): number {
  return Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** failures) * (1 + Math.random() / 2);
}

const List = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    continue: z.string().optional(),
    remainingItemCount: z.number().optional(),
  }),
  items: z
    .array(WatchedObject)
    .nullish()
    .transform((items) => items ?? []), // null where there are none
});

/** All objects of a collection, page by page, as they were at one version. Rejects unless every page came whole. */
async function listAll<T>(
  api: KubernetesClient,
  { path, query, transform }: ListWatchTarget<T>,
): Promise<{ objects: T[]; resourceVersion: string }> {
  const objects: T[] = [];
  for (let continueToken: string | undefined; ; ) {
    const page = List.safeParse(await api.get(path, { ...query, limit: LIST_PAGE_SIZE, continue: continueToken }));
    if (!page.success) throw new InvalidResponseError(`${path} is not a list of objects`);
    const { metadata, items } = page.data;
    objects.push(...items.map(transform));
    continueToken = metadata.continue || undefined;
    if (continueToken === undefined && (metadata.remainingItemCount ?? 0) > 0) {
      throw new InvalidResponseError(`the list of ${path} ends ${metadata.remainingItemCount} objects short`);
    }
    if (continueToken === undefined) return { objects, resourceVersion: metadata.resourceVersion };
  }
}
