import type { RegexUse, RegexVerdict, RegexVerdicts } from "../compile/regex-verdict.ts";

/** Maximum number of remembered verdicts that no rule uses. */
export const MAX_UNUSED_VERDICTS = 5000;
/** Maximum size of the stored verdicts, in characters of their patterns. The last used ones are stored. */
export const MAX_STORED_CHARACTERS = 1_000_000;
const MIN_RETRY_MS = 60_000;
const MAX_RETRY_MS = 24 * 60 * 60_000;

/** A verdict as it is stored. */
export interface StoredVerdict {
  readonly pattern: string;
  readonly verdict: RegexVerdict;
  /** Number of checks that ended without a result. */
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly checkedAt: number;
}

/** Verdicts in the order of their last use. */
export interface VerdictStore {
  /** The verdicts of now. A later change creates another object. */
  readonly verdicts: () => RegexVerdicts;
  /** Whether a pattern must be checked: it has no verdict, or its last check had no result and may be repeated. */
  readonly needsCheck: (pattern: string, now: number) => boolean;
  readonly attempts: (pattern: string) => number;
  readonly add: (results: ReadonlyMap<string, RegexVerdict>, now: number) => void;
  /** Adds the stored verdicts of patterns that have none. */
  readonly restore: (storedVerdicts: readonly StoredVerdict[]) => void;
  /** Drops the least recently used verdicts beyond the limit. */
  readonly prune: (uses: readonly RegexUse[]) => void;
  /** Returns the verdicts to store, sorted by pattern. */
  readonly list: () => readonly StoredVerdict[];
}

export function createVerdictStore(): VerdictStore {
  let entries = new Map<string, StoredVerdict>(); // the last used ones at the end
  let snapshot: RegexVerdicts | undefined;
  let stored: readonly StoredVerdict[] | undefined;
  const setEntries = (newEntries: Map<string, StoredVerdict>) => {
    entries = newEntries;
    snapshot = stored = undefined;
  };
  return {
    verdicts() {
      const current = entries;
      snapshot ??= { get: (pattern) => current.get(pattern)?.verdict };
      return snapshot;
    },
    needsCheck(pattern, now) {
      const entry = entries.get(pattern);
      return entry === undefined || (entry.verdict.type === "unknown" && now >= entry.checkedAt + retryDelay(entry));
    },
    attempts: (pattern) => entries.get(pattern)?.attempts ?? 0,
    add(results, now) {
      if (results.size === 0) return;
      const newEntries = Array.from(results, ([pattern, verdict]): [string, StoredVerdict] => {
        const attempts = (entries.get(pattern)?.attempts ?? 0) + 1;
        return [pattern, { pattern, verdict, attempts, checkedAt: now }];
      });
      setEntries(new Map([...entries, ...newEntries]));
    },
    restore(storedVerdicts) {
      const newVerdicts = storedVerdicts.filter(({ pattern }) => !entries.has(pattern));
      if (newVerdicts.length === 0) return;
      setEntries(new Map([...newVerdicts.map((entry) => [entry.pattern, entry] as const), ...entries]));
    },
    prune(uses) {
      const used = new Set(uses.map(({ pattern }) => pattern));
      const unusedEntries = [...entries].filter(([pattern]) => !used.has(pattern));
      const droppedCount = Math.max(0, unusedEntries.length - MAX_UNUSED_VERDICTS);
      const usedEntries = [...entries].filter(([pattern]) => used.has(pattern));
      entries = new Map([...unusedEntries.slice(droppedCount), ...usedEntries]);
      if (droppedCount > 0) stored = undefined;
    },
    list() {
      stored ??= selectStored([...entries.values()]);
      return stored;
    },
  };
}

function retryDelay({ attempts }: StoredVerdict): number {
  return Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 4 ** (attempts - 1));
}

/** Returns the last used verdicts within the size limit, sorted, so that a use alone changes nothing in KV. */
function selectStored(entries: readonly StoredVerdict[]): readonly StoredVerdict[] {
  let characters = 0;
  return entries
    .toReversed()
    .filter(({ pattern }) => {
      characters += pattern.length;
      return characters <= MAX_STORED_CHARACTERS;
    })
    .toSorted((a, b) => (a.pattern < b.pattern ? -1 : 1));
}
