import { type Api, ApiError } from "../kubernetes/api.ts";

const PARALLEL = 32; // of the 200 that a kube-apiserver by default changes at a time, for all its clients
const SHOWN_FAILURES = 10;
/** So many in a row that the API server itself failed, and the rest is left: each may take its whole time limit. */
const MOST_TROUBLE = PARALLEL;

/** Who reports, and to whom. */
export interface Reporting {
  readonly api: Api;
  /** Takes a line for people about what could not be written. */
  readonly print: (line: string) => void;
  /** Once aborted, nothing more is begun: a time limit, a lost leadership, the end of the process. */
  readonly ended: AbortSignal;
}

/** What became of the things to write. */
export interface Written<T> {
  readonly written: number;
  /** There was no need any more: the object is gone, newer, or has been told already. */
  readonly needless: number;
  readonly failed: readonly T[];
  /** Not tried: `ended`, or the API server gave no answers. */
  readonly left: readonly T[];
}

/** One thing to write: what it is called in a line about it, how, and which refusals mean that there is no need. */
export interface Writing<T> {
  readonly nameOf: (item: T) => string;
  readonly write: (api: Api, item: T) => Promise<unknown>;
  readonly isNeedless: (refusal: ApiError) => boolean;
}

/** Writes `items`, some at a time. It never rejects: what fails is counted, and a line says why. */
export async function writeAll<T>(items: readonly T[], writing: Writing<T>, reporting: Reporting): Promise<Written<T>> {
  const queue = items.values();
  const failed: T[] = [];
  const left: T[] = [];
  let [written, needless, trouble] = [0, 0, 0];
  const attempt = async (item: T) => {
    const failure = await failureOf(writing.write(reporting.api, item));
    trouble = failure !== undefined && isTrouble(failure) ? trouble + 1 : 0;
    if (failure === undefined) written++;
    else if (failure instanceof ApiError && writing.isNeedless(failure)) needless++;
    else if (failed.push(item) <= SHOWN_FAILURES)
      reporting.print(`${writing.nameOf(item)} was not written: ${textOf(failure)}`);
  };
  // All workers share one iterator, so that each item is taken once.
  const work = async () => {
    for (const item of queue) {
      if (reporting.ended.aborted || trouble >= MOST_TROUBLE) left.push(item);
      else await attempt(item);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const unsaid = failed.length - SHOWN_FAILURES;
  if (unsaid > 0) reporting.print(`${unsaid} more were not written`);
  if (left.length > 0) reporting.print(`${left.length} were left for the next round`);
  return { written, needless, failed, left };
}

/** Whether it is the API server that fails, not the one write. */
function isTrouble(error: Error): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

function failureOf(written: Promise<unknown>): Promise<Error | undefined> {
  return written.then(
    () => undefined,
    (error) => (error instanceof Error ? error : new Error(String(error))),
  );
}

function textOf(error: Error): string {
  return error instanceof ApiError ? `${error.message} (${error.status} ${error.reason})` : error.message;
}
