import type { ErrorReply } from "../api-types.ts";
import { kvErrors } from "./kv-errors.ts";
import type { KvRules } from "./kv-rules.ts";

/** Writes, and removals, of the Free plan in a day: https://developers.cloudflare.com/kv/platform/limits/ */
const FREE_DAILY_OPERATIONS = 1000;
const DAY_MS = 86_400_000;
const WRITE_INTERVAL_MS = 1000;

/** The limits of writes: the operations of a day, and one write a second to a key. */
export interface WriteLimits {
  /** Counts the writes or removals of a call. Returns the error if they are above a limit; then none is counted. */
  count(kind: "writes" | "removals", namespaceId: string, keys: readonly string[]): ErrorReply | undefined;
}

export interface WriteLimitOptions {
  readonly rules: () => KvRules;
  readonly isFreePlan: () => boolean;
  readonly now: () => number;
}

export function createWriteLimits({ rules, isFreePlan, now }: WriteLimitOptions): WriteLimits {
  const lastWrites = new Map<string, number>();
  let today = { day: 0, writes: 0, removals: 0 };
  return {
    count(kind, namespaceId, keys) {
      const day = Math.floor(now() / DAY_MS); // the quota starts again at 00:00 UTC
      if (day !== today.day) today = { day, writes: 0, removals: 0 };
      if (isFreePlan() && today[kind] + keys.length > FREE_DAILY_OPERATIONS) return kvErrors.quotaUsedUp();
      const isTooEarly = (key: string) =>
        now() - (lastWrites.get(`${namespaceId} ${key}`) ?? Number.NEGATIVE_INFINITY) < WRITE_INTERVAL_MS;
      const earlyKey = rules().limitsWriteRate ? keys.find(isTooEarly) : undefined;
      if (earlyKey !== undefined) return kvErrors.writtenTooOften(earlyKey);
      for (const key of keys) lastWrites.set(`${namespaceId} ${key}`, now());
      today = { ...today, [kind]: today[kind] + keys.length };
      return undefined;
    },
  };
}
