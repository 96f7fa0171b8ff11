import type { ErrorReply } from "../api-types.ts";

/** Calls that a token may make in 5 minutes: https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
export const DEFAULT_CALL_LIMIT = 1200;
const WINDOW_MS = 300_000;

/** The count of calls in a window, or a block until its end. */
interface Window {
  readonly calls: number;
  readonly endsAt: number;
  readonly isBlocked: boolean;
}

/** Counts calls by owner. A call above the limit blocks the owner for 5 minutes. */
export interface CallBudget {
  /** Counts a call. Returns the headers of its response, and the error if it is above the limit. */
  spend(owner: string): { headers: Readonly<Record<string, string>>; error?: ErrorReply };
}

export function createCallBudget(limit: number, now: () => number): CallBudget {
  const windows = new Map<string, Window>();
  return {
    spend(owner) {
      const window = countCall(windows.get(owner), limit, now());
      windows.set(owner, window);
      const seconds = Math.ceil((window.endsAt - now()) / 1000);
      const headers = {
        ratelimit: `"default";r=${Math.max(0, limit - window.calls)};t=${seconds}`,
        "ratelimit-policy": `"default";q=${limit};w=${WINDOW_MS / 1000}`,
      };
      return window.isBlocked ? { headers, error: rejectCall(seconds) } : { headers };
    },
  };
}

function countCall(window: Window | undefined, limit: number, now: number): Window {
  if (!window || window.endsAt <= now) return { calls: 1, endsAt: now + WINDOW_MS, isBlocked: limit < 1 };
  if (window.isBlocked) return window;
  const calls = window.calls + 1;
  return calls > limit ? { calls, endsAt: now + WINDOW_MS, isBlocked: true } : { ...window, calls };
}

function rejectCall(seconds: number): ErrorReply {
  return {
    status: 429,
    code: 971,
    message: "Please wait and consider throttling your request speed",
    headers: { "retry-after": String(seconds) },
  };
}
