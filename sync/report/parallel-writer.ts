import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { isTransient } from "../kubernetes/errors.ts";

const MAX_PARALLEL_WRITES = 32; // of the 200 that a kube-apiserver by default changes at a time, for all its clients
const MAX_LOGGED_FAILURES = 10;
/** So many in a row that the API server itself failed, and the rest is left: each may take its whole time limit. */
const MAX_CONSECUTIVE_FAILURES = MAX_PARALLEL_WRITES;

/** Who reports, and to whom. */
export interface WriterOptions {
  readonly api: KubernetesClient;
  /** Takes a line for people about what could not be written. */
  readonly print: (line: string) => void;
  /** Once aborted, nothing more is begun: a time limit, a lost leadership, the end of the process. */
  readonly signal: AbortSignal;
}

/** What became of the things to write. */
export interface WriteResult<T> {
  readonly writtenCount: number;
  /** There was no need any more: the object is gone, newer, or has been told already. */
  readonly skippedCount: number;
  readonly failedItems: readonly T[];
  /** Not tried: `ended`, or the API server gave no answers. */
  readonly remainingItems: readonly T[];
}

/** One thing to write: what it is called in a line about it, how, and which refusals mean that there is no need. */
export interface Writer<T> {
  readonly describe: (item: T) => string;
  readonly write: (api: KubernetesClient, item: T) => Promise<unknown>;
  readonly canSkip: (refusal: ApiError) => boolean;
}

/** Writes `items`, some at a time. It never rejects: what fails is counted, and a line says why. */
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
    const failure = await catchError(writer.write(options.api, item));
    consecutiveFailures = failure !== undefined && isTransient(failure) ? consecutiveFailures + 1 : 0;
    if (failure === undefined) writtenCount++;
    else if (failure instanceof ApiError && writer.canSkip(failure)) skippedCount++;
    else if (failedItems.push(item) <= MAX_LOGGED_FAILURES)
      options.print(`${writer.describe(item)} was not written: ${formatError(failure)}`);
  };
  // All workers share one iterator, so that each item is taken once.
  const runWorker = async () => {
    for (const item of queue) {
      if (options.signal.aborted || consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) remainingItems.push(item);
      else await attemptWrite(item);
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL_WRITES }, runWorker));
  const unloggedCount = failedItems.length - MAX_LOGGED_FAILURES;
  if (unloggedCount > 0) options.print(`${unloggedCount} more were not written`);
  if (remainingItems.length > 0) options.print(`${remainingItems.length} were left for the next round`);
  return { writtenCount, skippedCount, failedItems, remainingItems };
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
