import { AsyncLocalStorage } from "node:async_hooks";

/** Rules for the API calls of one scope. */
export interface CallRules {
  /** Called before each attempt of a write. It throws if the write must not be sent. */
  readonly checkFence?: () => void;
  /** Maximum number of attempts of a call. */
  readonly maxAttempts?: number;
  /** Maximum milliseconds until an attempt without a response is canceled. */
  readonly attemptTimeoutMs?: number;
  /** Milliseconds that an upload adds to the timeout and to the deadline. */
  readonly uploadMs?: number;
  /** Milliseconds to wait before the second attempt. */
  readonly retryDelayMs?: number;
  /** Milliseconds until a call ends, with its waits and retries. */
  readonly deadlineMs?: number;
}

const scope = new AsyncLocalStorage<CallRules>();

/** Runs `run` with rules for every API call that it starts. Fences of outer scopes are checked too. */
export function withCallRules<T>(rules: CallRules, run: () => T): T {
  const outerRules = findCallRules();
  const fences = [outerRules.checkFence, rules.checkFence].filter((fence) => fence !== undefined);
  const checkFence = () => {
    for (const check of fences) check();
  };
  return scope.run({ ...outerRules, ...rules, checkFence }, run);
}

/** Returns the rules of the current scope. */
export function findCallRules(): CallRules {
  return scope.getStore() ?? {};
}
