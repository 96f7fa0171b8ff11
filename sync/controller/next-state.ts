import type { PreviousState } from "../compile/last-good.ts";
import type { BlockedRemoval } from "../publish/guard/deletion-guard.ts";
import type { ControllerState } from "../publish/state/state.ts";

/** Keeps the last good version of deleted Ingresses whose routes stay published, because they may come back. */
export function keepLastGood(
  { lastGood, brokenSince }: PreviousState,
  previousState: PreviousState,
  blockedRemovals: readonly BlockedRemoval[],
): PreviousState {
  if (blockedRemovals.length === 0) return { lastGood, brokenSince };
  const keptEntries = blockedRemovals
    .flatMap(({ routes }) => routes)
    .flatMap(({ ingress: name }) => {
      const ingress = lastGood.has(name) ? undefined : previousState.lastGood.get(name);
      return ingress ? [[name, ingress] as const] : [];
    });
  return { lastGood: new Map([...lastGood, ...keptEntries]), brokenSince };
}

/** Returns the state that a restarted controller reads. */
export function buildControllerState(
  { lastGood, brokenSince }: PreviousState,
  cluster: string,
): Omit<ControllerState, "regexVerdicts"> {
  return { cluster, brokenSince: Object.fromEntries(brokenSince), ingresses: [...lastGood.values()] };
}
