import type { RegexUse, RegexVerdict, RegexVerdicts } from "../compile/regex-verdict.ts";
import { CHECK_DEADLINE_MS, createRegexThread, type RegexThread } from "./regex-thread.ts";
import { createVerdictStore, type StoredVerdict, type VerdictStore } from "./verdict-store.ts";

/** Maximum time that the checks of one namespace take in a sync. */
export const NAMESPACE_BUDGET_MS = 10_000;
/** Maximum time that all checks of a sync take. The namespaces take turns. */
export const SYNC_BUDGET_MS = 20_000;

export interface CheckBudget {
  readonly checkMs: number;
  readonly namespaceMs: number;
  readonly syncMs: number;
}

const DEFAULT_BUDGET: CheckBudget = {
  checkMs: CHECK_DEADLINE_MS,
  namespaceMs: NAMESPACE_BUDGET_MS,
  syncMs: SYNC_BUDGET_MS,
};

/** The regex checks of one sync. Its budget lasts for all compilations of the sync. */
export interface SyncRegexChecks {
  /** Checks the patterns without a verdict, within the budget. Resolves with whether there is a new verdict. */
  readonly check: (uses: readonly RegexUse[]) => Promise<boolean>;
}

/** Checks regexes in a thread, and remembers the verdicts. */
export interface RegexChecker {
  readonly verdicts: () => RegexVerdicts;
  readonly startSync: () => SyncRegexChecks;
  /** Whether a pattern waits for its first check. */
  readonly hasUnchecked: (uses: readonly RegexUse[]) => boolean;
  readonly restore: (storedVerdicts: readonly StoredVerdict[]) => void;
  /** Forgets verdicts that were not used for long. Returns those to store. */
  readonly listAfter: (uses: readonly RegexUse[]) => readonly StoredVerdict[];
}

export function createRegexChecker(
  budget = DEFAULT_BUDGET,
  startThread = createRegexThread,
  clock: () => number = Date.now,
): RegexChecker {
  const store = createVerdictStore();
  return {
    verdicts: store.verdicts,
    startSync() {
      const spentMs = createBudgetCounter(budget);
      return {
        check: (uses) => checkInThread(findNeededChecks(uses, store, clock()), store, spentMs, startThread, clock),
      };
    },
    hasUnchecked: (uses) => uses.some(({ pattern }) => store.verdicts().get(pattern) === undefined),
    restore: store.restore,
    listAfter(uses) {
      store.prune(uses);
      return store.list();
    },
  };
}

/** Returns each pattern to check once, the first attempts first. */
function findNeededChecks(uses: readonly RegexUse[], store: VerdictStore, now: number): RegexUse[] {
  const neededUses = new Map<string, RegexUse>();
  for (const use of uses)
    if (!neededUses.has(use.pattern) && store.needsCheck(use.pattern, now)) neededUses.set(use.pattern, use);
  return [...neededUses.values()].toSorted((a, b) => store.attempts(a.pattern) - store.attempts(b.pattern));
}

async function checkInThread(
  uses: readonly RegexUse[],
  store: VerdictStore,
  budget: BudgetCounter,
  startThread: () => RegexThread,
  clock: () => number,
): Promise<boolean> {
  if (uses.length === 0) return false;
  const thread = startThread();
  const results = new Map<string, RegexVerdict>();
  try {
    for (const { namespace, pattern } of takeTurns(uses)) {
      const timeoutMs = budget.remaining(namespace);
      if (timeoutMs <= 0) continue;
      const startedAt = performance.now();
      results.set(pattern, await thread.check(pattern, timeoutMs));
      budget.spend(namespace, performance.now() - startedAt);
    }
  } finally {
    await thread.close();
    store.add(results, clock());
  }
  return results.size > 0;
}

/** Orders checks so that the namespaces take turns. */
function takeTurns(uses: readonly RegexUse[]): RegexUse[] {
  const byNamespace = [...Map.groupBy(uses, ({ namespace }) => namespace).values()];
  const turns = Math.max(...byNamespace.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) =>
    byNamespace.flatMap((namespaceUses) => namespaceUses[turn] ?? []),
  ).flat();
}

/** Counts the time that the checks of a sync take. */
interface BudgetCounter {
  /** Returns the maximum time of the next check; 0 if the budget is used up. */
  readonly remaining: (namespace: string) => number;
  readonly spend: (namespace: string, ms: number) => void;
}

function createBudgetCounter({ checkMs, namespaceMs, syncMs }: CheckBudget): BudgetCounter {
  const spentByNamespace = new Map<string, number>();
  let spentMs = 0;
  return {
    remaining(namespace) {
      const isLeft = spentMs < syncMs && (spentByNamespace.get(namespace) ?? 0) < namespaceMs;
      return isLeft ? checkMs : 0;
    },
    spend(namespace, ms) {
      spentMs += ms;
      spentByNamespace.set(namespace, (spentByNamespace.get(namespace) ?? 0) + ms);
    },
  };
}
