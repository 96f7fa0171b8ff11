import { withCallRules } from "../../cloudflare/call-rules.ts";
import type { Account } from "../account.ts";

/** Maximum wait for a write whose response is missing. The write of a manifest ends after 4.5 s. */
const MAX_WRITE_WAIT_MS = 5000;
const WRITE_NAMES: ReadonlySet<string> = new Set(["put", "remove", "applyChange", "create", "upload", "replace"]);

/** The end of a publication by a signal. */
export interface Interruption {
  /** Returns the same account. After the signal it sends nothing more, and its calls stay open. */
  guard(account: Account): Account;
  /** Rejects after the signal, as soon as no write is under way. It never resolves. */
  readonly stopped: Promise<never>;
}

/** Creates the interruption of a publication: `describe` makes the error from the state at the end. */
export function createInterruption(signal: AbortSignal, describe: () => Error): Interruption {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {}); // it may reject before anyone waits
  let pendingWrites = 0;
  const stop = () => reject(describe());
  const onAbort = () => {
    if (pendingWrites === 0) stop();
    else setTimeout(stop, MAX_WRITE_WAIT_MS).unref();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const write = async (run: Run) => {
    if (signal.aborted) return await NEVER;
    pendingWrites++;
    const fencedRun = () => withCallRules({ checkFence: () => signal.throwIfAborted() }, run);
    const [outcome] = await Promise.allSettled([fencedRun()]);
    pendingWrites--;
    if (signal.aborted && pendingWrites === 0) stop();
    return await openOutcome(outcome, signal);
  };
  const read = async (run: Run) => {
    if (signal.aborted) return await NEVER;
    const [outcome] = await Promise.allSettled([run()]);
    return await openOutcome(outcome, signal);
  };
  return {
    stopped,
    guard: ({ kv, dns, hostRecords, routes, certificates, ...account }) => ({
      ...account,
      kv: guardCalls(kv, read, write),
      dns: guardCalls(dns, read, write),
      hostRecords: guardCalls(hostRecords, read, write),
      routes: guardCalls(routes, read, write),
      certificates: guardCalls(certificates, read, write),
    }),
  };
}

type Run = () => Promise<unknown>;
const NEVER = new Promise<never>(() => {});

/** Returns the outcome of a call. After the signal it stays open, so that the caller takes no further step. */
async function openOutcome(outcome: PromiseSettledResult<unknown>, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return await NEVER;
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

function guardCalls<T extends object>(calls: T, read: (run: Run) => unknown, write: (run: Run) => unknown): T {
  const entries = Object.entries(calls).map(([name, call]) => {
    if (typeof call !== "function") return [name, call];
    const guard = WRITE_NAMES.has(name) ? write : read;
    return [name, (...parameters: unknown[]) => guard(() => call(...parameters))];
  });
  return Object.fromEntries(entries) as T;
}
