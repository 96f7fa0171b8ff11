import { createFaultPlan, type FaultPlan } from "../../../sync/local/account/fault-injection.ts";
import { FAST_KV_RULES } from "../../../sync/local/account/kv/kv-rules.ts";
import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action, ActionContext } from "./action.ts";

const FAULTS_PER_RUN = 20;
const MIN_INTERVAL_MS = 3_000;
const MAX_DURATION_MS = 3_000;
const EDGE_MODES = ["failing", "hanging", "slow", "stale"] as const;
const UNTIL_CLEARED = 1_000_000;

/** Faults of the account's API for writes to KV, for as long as they last. */
const WRITE_FAULTS: Readonly<Record<string, Partial<FaultPlan>>> = {
  "500 to writes of KV": { serverErrors: UNTIL_CLEARED, requestPattern: /^(PUT|POST|DELETE) .*\/storage\/kv\// },
  "500 to the whole API": { serverErrors: UNTIL_CLEARED },
  "429 to writes of KV": { tooManyRequests: 3, requestPattern: /^(PUT|POST|DELETE) .*\/storage\/kv\// },
  "HTML in place of answers": { htmlErrors: 3 },
  "answers cut in half": { truncatedAnswers: 3, requestPattern: /\/storage\/kv\// },
  "empty answers": { emptyAnswers: 3, requestPattern: /\/storage\/kv\// },
  "bulk writes by half": { partialWrites: 3, requestPattern: /PUT .*bulk$/ },
};

/** Breaks KV again and again: at the edge, or at the account's API. */
export const breakKv: Action = async (context) => {
  const { random, locks, runMs, signal } = context;
  const intervalMs = Math.max(MIN_INTERVAL_MS, runMs / FAULTS_PER_RUN);
  for (let turn = 0; ; turn++) {
    await sleep(intervalMs / 2 + random.below(intervalMs / 2), signal);
    if (signal.aborted) return;
    const durationMs = random.below(MAX_DURATION_MS);
    await (turn % 2 === 0
      ? breakEdgeReads(context, turn / 2, durationMs)
      : locks.operator.run(() => breakWrites(context, durationMs)));
  }
};

async function breakEdgeReads({ world, checker, log, signal }: ActionContext, turn: number, ms: number): Promise<void> {
  const mode = EDGE_MODES[turn % EDGE_MODES.length] ?? "failing";
  log.record(`KV fault: ${mode} reads of the edge`, `for ${ms} ms`);
  const startedAt = Date.now();
  world.kv.setMode(mode);
  await sleep(ms, signal);
  world.kv.setMode("fresh");
  checker.addFaultTime(startedAt, Date.now());
}

async function breakWrites({ world, log, random, signal }: ActionContext, ms: number): Promise<void> {
  const name = random.pick([...Object.keys(WRITE_FAULTS), "stale reads of the API"]);
  log.record(`KV fault: ${name}`, `for ${ms} ms`);
  const { account } = world;
  account.faults = { ...createFaultPlan(), random: random.next, ...WRITE_FAULTS[name] };
  if (!(name in WRITE_FAULTS)) account.kv.rules = { ...FAST_KV_RULES, stalenessMs: ms, locations: 2 };
  await sleep(ms, signal);
  account.faults = createFaultPlan();
  account.kv.rules = FAST_KV_RULES;
}
