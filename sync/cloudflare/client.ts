import Cloudflare from "cloudflare";
import {
  type ApiClock,
  type ApiTimings,
  createPacedFetch,
  DEFAULT_TIMINGS,
  SYSTEM_CLOCK,
  WriteStoppedError,
} from "./paced-fetch.ts";

export interface ApiClientOptions {
  readonly apiToken: string;
  /** URL of Cloudflare's API; the public API if not set. */
  readonly baseURL?: string | undefined;
  readonly timings?: Partial<ApiTimings> | undefined;
  readonly clock?: ApiClock;
}

/** Longer than any deadline, because `createPacedFetch` ends the calls. */
const CLIENT_TIMEOUT_MS = 1_800_000;

/**
 * Creates the client of Cloudflare's API. It keeps the pace that the account allows. It retries a call until a deadline, but
 * never a write that may be done already. It checks the fence of `withCallRules` before each attempt of a write.
 */
export function createApiClient({ apiToken, baseURL, timings, clock = SYSTEM_CLOCK }: ApiClientOptions): Cloudflare {
  const pacedFetch = createPacedFetch({ ...DEFAULT_TIMINGS, ...timings }, clock);
  const fetch = Object.assign(pacedFetch, { Response }); // else the client calls it to find the class of a response
  return new Cloudflare({ apiToken, baseURL: baseURL ?? null, maxRetries: 0, timeout: CLIENT_TIMEOUT_MS, fetch });
}

/** Whether the call of an error may be done, because its response is lost. The caller must read again and compare. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof Cloudflare.APIError)) return false;
  if (error.cause instanceof WriteStoppedError) return false;
  return error.status === undefined || error.status >= 500;
}

/** Whether a call may succeed later: its outcome is unknown, or the account has used up its calls. */
export function isPassingFault(error: unknown): boolean {
  const original = error instanceof Error && error.cause instanceof Cloudflare.APIError ? error.cause : error;
  return isOutcomeUnknown(original) || original instanceof Cloudflare.RateLimitError;
}
