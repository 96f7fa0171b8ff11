import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { integer } from "./annotation-types.ts";
import type { Annotation, AnnotationValues } from "./policy.ts";

export const MAX_TIMEOUT_S = 2_000_000; // a timer takes 31 bits of milliseconds

/** What may be wrong with an attempt for another address to be asked, and whether any method is asked again. */
export const RETRY_CONDITIONS = [
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
] as const;

export const RetrySettings = z.strictObject({
  on: z.array(z.enum(RETRY_CONDITIONS)),
  tries: z.int(), // addresses asked at most; 0 for all
  withinMs: z.int(), // no address is asked later than this; 0 for no such limit
});
export type RetrySettings = z.infer<typeof RetrySettings>;

/** As in ingress-nginx where nothing is said. */
export const DEFAULT_RETRY: RetrySettings = { on: ["error", "timeout"], tries: 3, withinMs: 0 };

export const retryAnnotations = {
  "proxy-next-upstream": {
    doc: "When another of the Service's addresses is asked: a list of nginx's conditions, or `off`. POST, LOCK and PATCH are asked again only with `non_idempotent`, or where the first address got nothing of it.",
    example: "error timeout http_503",
    default: "error timeout",
    support: "partial",
    difference:
      "Only another address is asked, never the same again; a request whose body is over 64 KiB, or of unknown length, is asked once.",
    parse: parseRetryConditions,
  } satisfies Annotation<unknown>,
  "proxy-next-upstream-tries": integer(
    { doc: "Addresses that are asked at most; `0` for all.", example: "2", default: "3" },
    0,
  ),
  "proxy-next-upstream-timeout": integer(
    { doc: "Seconds after which no other address is asked; `0` for no such limit.", example: "10", default: "0" },
    0,
    MAX_TIMEOUT_S,
  ),
};

export function buildRetry(values: AnnotationValues<typeof retryAnnotations>): { retry?: RetrySettings } {
  const on = values["proxy-next-upstream"] ?? DEFAULT_RETRY.on;
  const tries = values["proxy-next-upstream-tries"] ?? DEFAULT_RETRY.tries;
  const withinMs = (values["proxy-next-upstream-timeout"] ?? 0) * 1000;
  const isDefault = on === DEFAULT_RETRY.on && tries === DEFAULT_RETRY.tries && withinMs === 0;
  return isDefault ? {} : { retry: { on: [...on], tries, withinMs } };
}

/** A list of conditions, separated by spaces; `off` overrules the others, as in nginx. */
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
