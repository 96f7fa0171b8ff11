import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { RegexVerdict } from "../compile/regex-verdict.ts";

// The package has no sources: there the bundled thread is next to this module.
const THREAD_ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./regex-worker.ts" : "./regex-worker.js", import.meta.url),
);
/** Maximum duration of one check. Nearly every check takes milliseconds. */
export const CHECK_DEADLINE_MS = 5000;
/** The verdict on a regex whose check did not end in time. */
const DEADLINE_EXCEEDED: RegexVerdict = {
  type: "unknown",
  problem: `the check of its time to match did not end within ${CHECK_DEADLINE_MS / 1000} s; it is repeated later`,
};
/** Memory of the thread. A check that needs more ends without a verdict. */
const MAX_THREAD_HEAP_MB = 192;
/** Maximum time to load the thread's modules. */
const START_TIMEOUT_MS = 30_000;

/** A thread that checks regexes one after the other. */
export interface RegexThread {
  /** Resolves with an unknown verdict if the check takes longer than `timeoutMs`, or too much memory. */
  readonly check: (pattern: string, timeoutMs: number) => Promise<RegexVerdict>;
  /** Stops the thread. The next check starts it again. */
  readonly close: () => Promise<void>;
}

/** Creates a thread that starts with its first check. While it runs, the process does not end: close it after use. */
export function createRegexThread(): RegexThread {
  let worker: Worker | undefined;
  const close = async () => {
    const stoppedWorker = worker;
    worker = undefined;
    await stoppedWorker?.terminate();
  };
  return {
    async check(pattern, timeoutMs) {
      worker ??= await startWorker();
      worker.postMessage(pattern);
      const verdict = await receive(worker, timeoutMs);
      if (verdict) return verdict;
      await close();
      return DEADLINE_EXCEEDED;
    },
    close,
  };
}

/** Starts the thread, and waits for its first message, so that loading it is no part of a check. */
async function startWorker(): Promise<Worker> {
  const worker = new Worker(THREAD_ENTRY, { resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_HEAP_MB } });
  await once(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  worker.on("error", () => {}); // `receive` handles it; an error between two checks must not end the process
  return worker;
}

/** Resolves with the next verdict; with undefined after `timeoutMs`, or if the thread fails. */
async function receive(worker: Worker, timeoutMs: number): Promise<RegexVerdict | undefined> {
  try {
    const [verdict] = await once(worker, "message", { signal: AbortSignal.timeout(timeoutMs) });
    return verdict;
  } catch {
    return undefined;
  }
}
