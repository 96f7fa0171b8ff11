/** Rules of KV that cost time, so that each account chooses them. */
export interface KvRules {
  /** Milliseconds in which a location repeats the result of an earlier read or list, absence included; 0: none. */
  readonly stalenessMs: number;
  /** Number of locations that calls reach in turn. Each has its own cache. */
  readonly locations: number;
  /** Whether a second write of a key within a second is a 429. */
  readonly limitsWriteRate: boolean;
}

export const FAST_KV_RULES: KvRules = { stalenessMs: 0, locations: 1, limitsWriteRate: false };

/** The rules of a rehearsal. Its reads are fresh, because a stale one would delay each step by 60 s. */
export const REHEARSAL_KV_RULES: KvRules = { ...FAST_KV_RULES, limitsWriteRate: true };

/** The rules of Cloudflare: https://developers.cloudflare.com/kv/concepts/how-kv-works/ */
export const STRICT_KV_RULES: KvRules = { stalenessMs: 60_000, locations: 2, limitsWriteRate: true };
