import { failure, type Result, success } from "../result.ts";
import type { Annotation, AnnotationRow } from "./policy.ts";

/** Seconds by status. */
export type CacheDurations = Readonly<Record<string, number>>;

export const DEFAULT_CACHE_DURATIONS: CacheDurations = { 200: 300, 202: 300, 401: 300 };

// nginx's units of time; https://nginx.org/en/docs/syntax.html.
const SECONDS_PER_UNIT = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
  "": 1,
} as const;
const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d|w|M|y|)$/;

/** `"200 202 10m, 401 5m"`: cache durations by status. A duration alone applies to 200. */
export function cacheDurations(row: AnnotationRow): Annotation<CacheDurations> {
  return {
    ...row,
    parse: (input) => {
      const items = input.split(",").map((item) => parseCacheDurations(item.trim().split(/\s+/)));
      const invalidItem = items.find((item) => !item.ok);
      // The last duration of a status applies, as in nginx.
      return (
        invalidItem ?? success(Object.assign({}, ...items.map((item) => (item.ok ? item.value : {}))) as CacheDurations)
      );
    },
  };
}

function parseCacheDurations(words: readonly string[]): Result<CacheDurations> {
  const statuses = words.length > 1 ? words.slice(0, -1) : ["200"];
  const [, count, unit] = DURATION_PATTERN.exec(words.at(-1) ?? "") ?? [];
  if (count === undefined || !statuses.every((status) => /^[1-5]\d\d$/.test(status))) {
    return failure(`expected statuses and a time such as "200 202 10m", got "${words.join(" ")}"`);
  }
  const seconds = Math.floor(Number(count) * SECONDS_PER_UNIT[unit as keyof typeof SECONDS_PER_UNIT]);
  return success(Object.fromEntries(statuses.map((status) => [status, seconds])));
}
