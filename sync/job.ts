import {
  beforeOf,
  compileCluster,
  type Done,
  type Equipment,
  type Knowledge,
  publishCluster,
  readKnowledge,
} from "./cluster-round.ts";
import type { PermitsSource } from "./collect/permits-source.ts";
import type { Diagnostic } from "./compile/diagnostic.ts";
import type { Permits } from "./compile/permits.ts";
import type { Before } from "./compile/quarantine.ts";
import type { Api } from "./kubernetes/api.ts";
import type { Leadership } from "./lead/lead.ts";
import { NOTHING_TOLD, type Told } from "./report/events.ts";
import type { HeldBack } from "./report/held-back.ts";
import type { Logger } from "./report/log.ts";
import type { Metrics } from "./report/metrics.ts";
import type { Names } from "./report/report.ts";
import { logNews, logRound, measure, oursIn, showHeld, tell } from "./telling.ts";

/** KV may be late to show what was written; what is missing after so many rounds is lost. */
const PATIENT_ROUNDS = 3;

/** What the sync job works with, beside what every round does. */
export interface Job extends Equipment {
  readonly api: Api;
  readonly leadership: Pick<Leadership, "standing" | "check">;
  readonly permits: PermitsSource;
  /** What the ConfigMap says that is held back, and whether somebody has approved it. */
  readonly heldBack: () => HeldBack | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly addresses: readonly string[];
  readonly instance: string; // whose Events they are
  readonly namespace: string; // of its own ConfigMaps
}

/** What one round leaves for the next. */
export interface State {
  /** Undefined: to be read, as others may have written. */
  readonly knowledge: Knowledge | undefined;
  /** In which leadership that was read. */
  readonly term: number | undefined;
  /** What the last round knew to be good; of whoever stands by, what it saw itself. */
  readonly before: Before;
  readonly told: Told;
  /** Ingresses ("namespace/name") that may say that they are ours. */
  readonly ours: readonly Names[];
  /** What was logged and still holds. */
  readonly logged: readonly Diagnostic[];
  /** How many rounds in a row have failed. */
  readonly failures: number;
  readonly result: Result;
}

/** What the last round came to: nothing at all where the first lists are not in, or no permits are known. */
export type Result = { readonly type: "none" | "stood by" | "failed" } | { readonly type: "done"; readonly done: Done };

export const START: State = {
  knowledge: undefined,
  term: undefined,
  before: { lastGood: new Map(), quarantined: new Map() },
  told: NOTHING_TOLD,
  ours: [],
  logged: [],
  failures: 0,
  result: { type: "none" },
};

/** One round. It never rejects: one that fails is logged and counted, and leaves the edge and all reports as they are. */
export async function step(job: Job, state: State): Promise<State> {
  const began = performance.now();
  try {
    const permits = job.permits.now();
    if (!permits || !job.live.known()) return { ...state, result: { type: "none" } };
    if (permits.problem !== undefined) job.log.error({ permits: permits.problem }, permitsLine(permits.problem));
    if (!permits.permits) throw new Error("there are no permits to compile by: nothing is published");
    const standing = job.leadership.standing();
    const next =
      standing.type === "leading"
        ? await lead(job, permits.permits, standing.term, state)
        : await standBy(job, permits.permits, state);
    if (next.result.type === "done") {
      job.metrics.round(next.result.done.outcome, secondsSince(began));
      if (next.result.done.outcome !== "held") job.metrics.succeeded(new Date());
    }
    return next;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    job.log.error(
      { failures: state.failures + 1 },
      `the round failed: ${problem}; the edge serves what it served before`,
    );
    job.metrics.round("failed", secondsSince(began));
    return { ...state, knowledge: undefined, failures: state.failures + 1, result: { type: "failed" } };
  }
}

function permitsLine(problem: string): string {
  return `the permits cannot be read: ${problem}; those that could be read last still count`;
}

/** Compiles and nothing else, so that all is warm when the leadership comes. */
async function standBy(job: Job, permits: Permits, state: State): Promise<State> {
  const compiled = await compileCluster(job, permits, state.before, new Date());
  if (!compiled) return { ...state, result: { type: "none" } };
  measure(job.metrics, compiled, 0);
  return { ...state, knowledge: undefined, before: compiled.kept, failures: 0, result: { type: "stood by" } };
}

async function lead(job: Job, permits: Permits, term: number, state: State): Promise<State> {
  const isKnown = state.knowledge && state.term === term;
  const goOn = (problem: string) => job.log.warn(`${problem}; it is written anew`);
  const isPatient = state.failures < PATIENT_ROUNDS;
  const knowledge =
    isKnown && state.knowledge ? state.knowledge : await readKnowledge(job, isPatient ? undefined : goOn);
  const now = new Date();
  const before = isKnown ? state.before : beforeOf(knowledge.ledger);
  const compiled = await compileCluster(job, permits, before, now);
  if (!compiled) return { ...state, result: { type: "none" } };
  const fence = { check: () => job.leadership.check(term) };
  const done = await publishCluster(job, compiled, knowledge, job.heldBack()?.approved, fence, now);
  measure(job.metrics, compiled, done.outcome === "held" ? done.verdict.routes : 0);
  logRound(job, done);
  await showHeld(job, done, now);
  const were = [...(state.term === term ? state.ours : []), ...oursIn(knowledge, before)];
  logNews(job.log, done, state.logged);
  const { told, ours } = await tell(job, done, were, state.told, now);
  return {
    knowledge: done.knowledge,
    term,
    before: done.kept,
    told,
    ours,
    logged: done.kept.compiled.diagnostics,
    failures: 0,
    result: { type: "done", done },
  };
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}
