import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { integer } from "./annotation-types.ts";
import type { Annotation, AnnotationValues } from "./policy.ts";

export const MAX_TIMEOUT_S = 2_000_000; // a timer has 31 bits of milliseconds

/**
 * Failures of an attempt after which another address is tried, and "non_idempotent" for all methods. "http_52x" is the set
 * of statuses that Cloudflare writes if it does not reach an origin.
 */
export const RETRY_CONDITIONS = [
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_52x",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
] as const;

export const RetrySettings = z.strictObject({
  on: z.array(z.enum(RETRY_CONDITIONS)),
  tries: z.int(), // maximum number of addresses; 0 for all
  withinMs: z.int(), // no new attempt after this time; 0 for no limit
  codes: z.optional(z.array(z.int())), // further statuses after which another attempt is made
  backoffMs: z.optional(z.int()), // wait before each retry
  sameAddress: z.optional(z.boolean()), // `tries` counts attempts, also at addresses that were tried
});
export type RetrySettings = z.infer<typeof RetrySettings>;

/** The default of ingress-nginx. */
export const DEFAULT_RETRY: RetrySettings = { on: ["error", "timeout"], tries: 3, withinMs: 0 };

const DEFAULT_ROUTE_RETRIES = 1;

/**
 * Returns the settings for the retry stanza of an HTTPRoute's rule. Failed connections are retried, too. POST, LOCK and PATCH
 * are not retried, because an origin may have processed them.
 */
export function buildRouteRetry(retry: {
  readonly codes: readonly number[];
  readonly attempts: number | undefined; // retries
  readonly backoffMs: number | undefined;
}): RetrySettings {
  return {
    on: ["error", "timeout", "http_52x"],
    tries: 1 + (retry.attempts ?? DEFAULT_ROUTE_RETRIES),
    withinMs: 0,
    codes: [...retry.codes],
    ...(retry.backoffMs !== undefined && { backoffMs: retry.backoffMs }),
    sameAddress: true,
  };
}

export const retryAnnotations = /* @__PURE__ */ createRetryAnnotations();

export function buildRetry(values: AnnotationValues<typeof retryAnnotations>): { retry?: RetrySettings } {
  const on = values["proxy-next-upstream"] ?? DEFAULT_RETRY.on;
  const tries = values["proxy-next-upstream-tries"] ?? DEFAULT_RETRY.tries;
  const withinMs = (values["proxy-next-upstream-timeout"] ?? 0) * 1000;
  const isDefault = on === DEFAULT_RETRY.on && tries === DEFAULT_RETRY.tries && withinMs === 0;
  return isDefault ? {} : { retry: { on: [...on], tries, withinMs } };
}

/** Conditions separated by spaces. `off` overrides the others, as in nginx. */
function parseRetryConditions(text: string): Result<readonly (typeof RETRY_CONDITIONS)[number][]> {
  const words = text.split(/\s+/);
  const knownConditions = words.flatMap(
    (candidate) => RETRY_CONDITIONS.find((condition) => condition === candidate) ?? [],
  );
  const unknownWord = words.find(
    (candidate) => candidate !== "off" && !knownConditions.some((condition) => condition === candidate),
  );
  if (unknownWord !== undefined)
    return failure(`expected conditions such as ${RETRY_CONDITIONS.join(" ")}, or off, got "${unknownWord}"`);
  return success(words.includes("off") ? [] : [...new Set(knownConditions)]);
}

/** A function, so that the Worker has no annotations. */
function createRetryAnnotations() {
  return {
    "proxy-next-upstream": {
      doc: "Conditions to retry at another address of the Service, or `off`. POST, LOCK and PATCH are retried only with `non_idempotent`.",
      example: "error timeout http_503",
      default: "error timeout",
      support: "partial",
      difference:
        "The same address is never retried. Requests with a body over 64 KiB or of unknown length are not retried. `http_52x` has the statuses that Cloudflare writes if a connection fails; an origin can write them, so `error` does not include them.",
      parse: parseRetryConditions,
    } satisfies Annotation<unknown>,
    "proxy-next-upstream-tries": integer(
      { doc: "Maximum number of addresses to try. `0` means all.", example: "2", default: "3" },
      0,
    ),
    "proxy-next-upstream-timeout": integer(
      { doc: "Seconds after which no other address is tried. `0` means no limit.", example: "10", default: "0" },
      0,
      MAX_TIMEOUT_S,
    ),
  };
}
