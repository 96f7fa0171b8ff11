import type { Kv } from "../../cloudflare/kv.ts";
import { NO_FENCE, type WriteFence } from "../guard/write-fence.ts";
import type { Signer } from "../sign-manifest.ts";
import { type ControllerState, type LoadedState, planState, type StateWriteResult, writeState } from "./state.ts";

/** A controller state that is not in KV yet. */
export interface DeferredState {
  readonly state: ControllerState;
  readonly since: number; // milliseconds
}

/** The result of a write that may be deferred. */
export interface DeferredWriteResult extends StateWriteResult {
  /** Undefined if KV has the desired state. */
  readonly deferredState: DeferredState | undefined;
}

/** When a changed controller state is written. */
export interface StateWriteTiming {
  /** Time to collect changes before a write, in milliseconds. */
  readonly delayMs: number;
  readonly now: number; // milliseconds
  /** Whether the state must be in KV before the publication. */
  readonly isUrgent: boolean;
}

/**
 * Writes a changed controller state after its delay, so that a changed Ingress costs no write of the state. The owner of the
 * KV namespace and urgent changes are written at once.
 */
export async function writeStateWhenDue(
  kv: Kv,
  signer: Signer,
  writtenState: LoadedState,
  desiredState: ControllerState,
  { delayMs, now, isUrgent }: StateWriteTiming,
  deferredState: DeferredState | undefined,
  fence: WriteFence = NO_FENCE,
): Promise<DeferredWriteResult> {
  const since = deferredState?.since ?? now;
  const isDue = isUrgent || writtenState.cluster !== desiredState.cluster || now - since >= delayMs;
  if (isDue) return { ...(await writeState(kv, signer, writtenState, desiredState, fence)), deferredState: undefined };
  const hasChanged = planState(writtenState, desiredState, signer.hashKey).text !== undefined;
  const nextDeferredState = hasChanged ? { state: desiredState, since } : undefined;
  return { state: writtenState, writes: 0, bytes: 0, deferredState: nextDeferredState };
}
