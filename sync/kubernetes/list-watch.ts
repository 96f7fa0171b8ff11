import * as z from "zod";
import type { Sleep } from "../runtime/sleep.ts";
import { ApiError, createApiError, type KubernetesClient, type WatchEvent } from "./client.ts";
import { InvalidResponseError, type ListTarget, listAll, WatchedObject } from "./list.ts";

const MIN_WATCH_MS = 1000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** A change to a collection. After a failure the last known objects stay valid: missing data is not a deletion. */
export type Change<T> =
  | { readonly type: "listed"; readonly objects: readonly T[] } // all objects
  | { readonly type: "updated"; readonly object: T }
  | { readonly type: "deleted"; readonly object: T }
  | { readonly type: "failed"; readonly error: Error }
  | { readonly type: "answered" }; // the first answer after a failure

/** The requests of a list and watch: of whole objects or of metadata only. */
export type ListWatchClient = Pick<KubernetesClient, "get" | "watch">;

/**
 * Yields every change to a collection until `signal` is aborted: a list, then a watch, and a new list if the watch cannot
 * resume. It never throws: it yields each failure and retries, after a delay that grows up to 15 s.
 */
export async function* listAndWatch<T>(
  api: ListWatchClient,
  target: ListTarget<T>,
  signal: AbortSignal,
  sleep: Sleep,
): AsyncGenerator<Change<T>, void> {
  let isFailing = false;
  for await (const change of watchRepeatedly(api, target, signal, sleep)) {
    const hasFailed = change?.type === "failed";
    if (isFailing && !hasFailed) yield { type: "answered" };
    isFailing = hasFailed;
    if (change) yield change;
  }
}

/** Yields undefined for an answer without a change. */
async function* watchRepeatedly<T>(
  api: ListWatchClient,
  target: ListTarget<T>,
  signal: AbortSignal,
  sleep: Sleep,
): AsyncGenerator<Change<T> | undefined, void> {
  let sinceVersion: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    const startedAt = performance.now();
    let [mustRelist, hadSuccess] = [false, false];
    for await (const { change, resourceVersion } of tryWatch(api, target, sinceVersion, signal)) {
      sinceVersion = resourceVersion;
      mustRelist = resourceVersion === undefined || change?.type === "failed";
      hadSuccess ||= !mustRelist;
      yield change;
    }
    const wasLong = performance.now() - startedAt > MIN_WATCH_MS;
    failures = countFailures(failures, { mustRelist, hadSuccess, wasLong });
    if (failures > 0) await sleep(computeRetryDelay(failures - 1), signal);
  }
}

/** Returns the number of consecutive failures. A long successful watch resets it. */
function countFailures(
  previousFailures: number,
  { mustRelist, hadSuccess, wasLong }: Readonly<Record<string, boolean>>,
): number {
  if (!mustRelist && wasLong) return 0;
  // A watch that the server ends at once is a failure too, to prevent a tight loop.
  return hadSuccess && wasLong ? 1 : previousFailures + 1;
}

/** A change and the version to resume from. Undefined means that a new list is necessary. */
interface WatchStep<T> {
  readonly change: Change<T> | undefined;
  readonly resourceVersion: string | undefined;
}

/** Runs one watch and yields its failure, if any, as a change. */
async function* tryWatch<T>(
  api: ListWatchClient,
  target: ListTarget<T>,
  sinceVersion: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchStep<T>> {
  let lastVersion = sinceVersion;
  try {
    for await (const step of listOrResume(api, target, sinceVersion, signal)) {
      lastVersion = step.resourceVersion;
      yield step;
    }
    yield { resourceVersion: lastVersion, change: undefined };
  } catch (error) {
    if (signal.aborted) return;
    const mustRelist = error instanceof ApiError || error instanceof InvalidResponseError;
    const isExpired = error instanceof ApiError && error.status === 410; // expected after a while: a new list follows
    const change = { type: "failed", error: error instanceof Error ? error : new Error(String(error)) } as const;
    yield { resourceVersion: mustRelist ? undefined : lastVersion, change: isExpired ? undefined : change };
  }
}

/** Runs one watch, from `sinceVersion` or from a new list. */
async function* listOrResume<T>(
  api: ListWatchClient,
  target: ListTarget<T>,
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

const Version = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const Status = z.object({ code: z.number() });

/** Parses an event. Throws if the event ends the watch. */
function parseChange<T>({ type, object }: WatchEvent, transform: (object: WatchedObject) => T): WatchStep<T> {
  if (type === "ERROR") throw createApiError(Status.safeParse(object).data?.code ?? 500, object);
  const version = Version.safeParse(object);
  if (!version.success) throw new InvalidResponseError(`watch event ${type} has no resourceVersion`);
  const resourceVersion = version.data.metadata.resourceVersion;
  if (type === "BOOKMARK") return { resourceVersion, change: undefined };
  const parsedObject = WatchedObject.safeParse(object);
  if (!parsedObject.success) throw new InvalidResponseError(`watch event ${type} has no metadata.name`);
  return {
    resourceVersion,
    change: { type: type === "DELETED" ? "deleted" : "updated", object: transform(parsedObject.data) },
  };
}

/**
 * Returns the milliseconds before a retry: 500, doubled with each of `failures` up to 10 s, plus up to 50 % so that clients
 * do not retry together.
 */
export function computeRetryDelay(failures: number): number {
  return Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** failures) * (1 + Math.random() / 2);
}
