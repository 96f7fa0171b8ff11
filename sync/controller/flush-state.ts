import { describeProblem } from "../kubernetes/errors.ts";
import { writeState } from "../publish/state/state.ts";
import type { ControllerDependencies, LoopState } from "./loop-state.ts";

/** Writes a deferred controller state before the Lease is released. A failure is logged, because the process ends. */
export async function flushState(
  { account: { kv, signer }, leadership, log }: ControllerDependencies,
  { publishedState, term }: LoopState,
): Promise<void> {
  if (!publishedState?.deferredState) return;
  const { controllerState, deferredState } = publishedState;
  try {
    await writeState(kv, signer, controllerState, deferredState.state, { check: () => leadership.check(term) });
  } catch (error) {
    log.warn(`the controller state was not written: ${describeProblem(error)}`);
  }
}
