/** The account has 1,200 calls in 5 minutes: https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
const DEFAULT_QUOTA = 1200;
/** Calls are spaced when less than this share of the quota is left. */
const SPACED_SHARE = 0.25;
/** Slower than the 4 calls per second that the quota allows. */
const MIN_INTERVAL_MS = 285;
const MAX_INTERVAL_MS = 5000;
/** The duration of a block after the quota is used up. */
const MAX_BLOCK_MS = 300_000;

/** The pace of API calls. Times are milliseconds of a monotonic clock. */
export interface Pacer {
  /** Reserves the next call. Returns the milliseconds to wait before it. */
  reserve(now: number): number;
  /** Returns the milliseconds until calls are allowed again. */
  remainingBlockMs(now: number): number;
  /** Reads the rate limit from a response. */
  observe(response: { readonly status: number; readonly headers: Headers }, now: number): void;
}

/** The calls that are left until a time. */
interface Allowance {
  readonly remainingCalls: number;
  readonly quota: number;
  readonly resetsAt: number;
}

/** Creates a pacer. It spaces calls when few are left, and stops them when none is left. */
export function createPacer(): Pacer {
  let allowance: Allowance | undefined;
  let nextCallAt = 0;
  let blockedUntil = 0;
  return {
    reserve(now) {
      if (allowance && allowance.resetsAt <= now) allowance = undefined;
      const callAt = Math.max(now, nextCallAt, blockedUntil);
      nextCallAt = callAt + computeInterval(allowance, now);
      if (allowance) allowance = { ...allowance, remainingCalls: Math.max(0, allowance.remainingCalls - 1) };
      return callAt - now;
    },
    remainingBlockMs: (now) => Math.max(0, blockedUntil - now),
    observe({ status, headers }, now) {
      allowance = readAllowance(headers, now) ?? allowance;
      const isUsedUp = allowance?.remainingCalls === 0 && status !== 429;
      const blockMs = status === 429 ? readRetryAfterMs(headers) : isUsedUp ? (allowance?.resetsAt ?? now) - now : 0;
      blockedUntil = Math.max(blockedUntil, now + Math.min(blockMs ?? 0, MAX_BLOCK_MS));
    },
  };
}

/** Returns the milliseconds in the header Retry-After, which has whole seconds. */
export function readRetryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** Reads the headers `Ratelimit: "default";r=50;t=30` and `Ratelimit-Policy: "burst";q=100;w=60`. */
function readAllowance(headers: Headers, now: number): Allowance | undefined {
  const limit = headers.get("ratelimit") ?? "";
  const [remainingCalls, seconds] = [readParameter(limit, "r"), readParameter(limit, "t")];
  if (remainingCalls === undefined || seconds === undefined) return undefined;
  const quota = readParameter(headers.get("ratelimit-policy") ?? "", "q") ?? DEFAULT_QUOTA;
  return { remainingCalls, quota, resetsAt: now + seconds * 1000 };
}

function readParameter(header: string, name: string): number | undefined {
  const text = header
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`));
  const value = Number(text?.slice(name.length + 1) || Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Returns the time between two calls: the rest of the window, divided by the calls that are left. */
function computeInterval(allowance: Allowance | undefined, now: number): number {
  if (!allowance || allowance.remainingCalls > allowance.quota * SPACED_SHARE) return 0;
  const evenInterval = (allowance.resetsAt - now) / Math.max(1, allowance.remainingCalls);
  return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, evenInterval));
}
