import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { isTransient } from "../kubernetes/errors.ts";

const MAX_PARALLEL_WRITES = 32; // a kube-apiserver by default allows 200 for all its clients
const MAX_LOGGED_FAILURES = 10;
/** After this many failures of the API server in a row, the others are postponed: each may last its whole timeout. */
const MAX_CONSECUTIVE_FAILURES = MAX_PARALLEL_WRITES;

/** Options of a batch of writes. */
export interface WriterOptions {
  readonly api: KubernetesClient;
  /** Prints a line about failed writes. */
  readonly print: (line: string) => void;
  /** No write starts after its abort, and those in progress are canceled: by a timeout, or because a sync is due. */
  readonly signal: AbortSignal;
}

/** Result of a batch of writes. */
export interface WriteResult<T> {
  readonly writtenCount: number;
  /** Writes that were not needed: the object was deleted or is newer, or the Event exists. */
  readonly skippedCount: number;
  readonly failedItems: readonly T[];
  /** Not attempted or canceled: the signal was aborted, or the API server failed repeatedly. */
  readonly remainingItems: readonly T[];
}

/** How to describe and write an item, and which API errors mean that the write is not needed. */
export interface Writer<T> {
  readonly describe: (item: T) => string;
  readonly write: (api: KubernetesClient, item: T, signal: AbortSignal) => Promise<unknown>;
  readonly canSkip: (refusal: ApiError) => boolean;
}

/** Writes items, up to 32 in parallel. It never rejects: failures are counted and printed. */
export async function writeAll<T>(
  items: readonly T[],
  writer: Writer<T>,
  options: WriterOptions,
): Promise<WriteResult<T>> {
  const queue = items.values();
  const failedItems: T[] = [];
  const remainingItems: T[] = [];
  let [writtenCount, skippedCount, consecutiveFailures] = [0, 0, 0];
  const attemptWrite = async (item: T) => {
    const failure = await catchError(writer.write(options.api, item, options.signal));
    if (isCanceled(failure, options.signal)) return void remainingItems.push(item);
    consecutiveFailures = failure !== undefined && isTransient(failure) ? consecutiveFailures + 1 : 0;
    if (failure === undefined) writtenCount++;
    else if (failure instanceof ApiError && writer.canSkip(failure)) skippedCount++;
    else if (failedItems.push(item) <= MAX_LOGGED_FAILURES)
      options.print(`${writer.describe(item)} was not written: ${formatError(failure)}`);
  };
  // All workers share one iterator, so that each item is written once.
  const runWorker = async () => {
    for (const item of queue) {
      if (options.signal.aborted || consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) remainingItems.push(item);
      else await attemptWrite(item);
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL_WRITES }, runWorker));
  const unloggedCount = failedItems.length - MAX_LOGGED_FAILURES;
  if (unloggedCount > 0) options.print(`${unloggedCount} more were not written`);
  if (remainingItems.length > 0) options.print(`${remainingItems.length} were postponed to the next sync`);
  return { writtenCount, skippedCount, failedItems, remainingItems };
}

function isCanceled(failure: Error | undefined, signal: AbortSignal): boolean {
  return failure !== undefined && !(failure instanceof ApiError) && signal.aborted;
}

function catchError(write: Promise<unknown>): Promise<Error | undefined> {
  return write.then(
    () => undefined,
    (error) => (error instanceof Error ? error : new Error(String(error))),
  );
}

function formatError(error: Error): string {
  return error instanceof ApiError ? `${error.message} (${error.status} ${error.reason})` : error.message;
}
