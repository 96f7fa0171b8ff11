import type { Sleep } from "../runtime/sleep.ts";
import { type EdgeAnswer, type EdgeClient, formatAnswer } from "./edge-client.ts";
import { hasAdopted } from "./wait-for-edge.ts";

const POLL_INTERVAL_MS = 2000;
/** KV needs up to about 60 s. After this time the edge probably rejects the generation. */
const LATE_MS = 180_000;

export interface EdgeListener {
  /** Called with each generation that the edge answers. */
  readonly onSeen: (generation: number) => void;
  readonly onAdopted: (generation: number, seconds: number) => void;
  /** Called once for a generation that the edge does not adopt in time. */
  readonly onLate: (problem: string) => void;
}

/** Observes in the background which generation the edge serves. */
export interface EdgeFollower {
  /** Follows a generation until the edge serves it. `isNew`: it was published now. */
  follow(generation: number, isNew: boolean): void;
}

interface Target {
  readonly generation: number;
  readonly startedAt: number;
  /** Whether it was published at `startedAt`. */
  readonly isNew: boolean;
}

/** Creates a follower that polls until `signal` is aborted. A later generation replaces the followed one. */
export function createEdgeFollower(
  edge: EdgeClient,
  { onSeen, onAdopted, onLate }: EdgeListener,
  { now, sleep }: { readonly now: () => number; readonly sleep: Sleep },
  signal: AbortSignal,
): EdgeFollower {
  let target: Target | undefined;
  let lateTarget: Target | undefined; // the last one that was reported
  let isPolling = false;
  const reportLate = (followed: Target, answer: EdgeAnswer) => {
    if (lateTarget === followed || now() - followed.startedAt < LATE_MS) return;
    lateTarget = followed;
    onLate(`the edge at ${edge.url} does not serve generation ${followed.generation}: ${formatAnswer(answer)}`);
  };
  const handle = (followed: Target, answer: EdgeAnswer) => {
    if (answer.type === "serving") onSeen(answer.generation);
    if (!hasAdopted(answer, followed.generation)) return reportLate(followed, answer);
    if (followed.isNew) onAdopted(followed.generation, (now() - followed.startedAt) / 1000);
    if (target === followed) target = undefined;
  };
  const poll = async () => {
    isPolling = true;
    while (target && !signal.aborted) {
      const followed = target;
      const answer = await edge.readStatus(signal);
      if (!signal.aborted) handle(followed, answer);
      if (target) await sleep(POLL_INTERVAL_MS, signal);
    }
    isPolling = false;
  };
  return {
    follow(generation, isNew) {
      if (target?.generation === generation) return;
      target = { generation, startedAt: now(), isNew };
      if (!isPolling) void poll();
    },
  };
}
