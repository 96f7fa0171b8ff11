import type { EdgeAnswer } from "../../edge/edge-client.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { readPublicKey } from "../checks/key-checks.ts";
import { listSecretNames, readVariable } from "../checks/worker-checks.ts";
import type { WorkerFacts } from "../facts.ts";
import type { SetupSettings } from "../settings.ts";
import { type KeySlot, listKeySlots, otherSlot } from "./key-slots.ts";
import type { Variables } from "./variable-file.ts";

/** Where a rotation is: the account, the edge and the files. */
export interface RotationState {
  readonly settings: SetupSettings;
  /** The controller's variables. */
  readonly variables: Variables;
  /** The controller's next keys. Empty before the start and after the switch. */
  readonly next: Variables;
  readonly worker: Pick<WorkerFacts, "bindings">;
  readonly edge: EdgeAnswer;
  readonly publication: Publication;
  readonly now: number;
  /** Time for KV to reach every location. */
  readonly settleMs: number;
}

/** The published manifest, as far as the rotation needs it. */
export type Publication =
  | { readonly type: "none" }
  | { readonly type: "signed-with-other-key" } // the manifest or the controller's state
  | { readonly type: "signed"; readonly generation: number; readonly publishedAt: number };

/** The next step of a rotation. `wait` has the reason, and `restart` needs the operator. */
export type RotationStep =
  | { readonly type: "begin"; readonly slot: KeySlot }
  | { readonly type: "put-decryption-key"; readonly slot: KeySlot }
  | { readonly type: "deploy"; readonly verifyingKeys: readonly string[] }
  | { readonly type: "confirm-edge"; readonly isConfirmed: boolean }
  | { readonly type: "switch-controller"; readonly verifyingKeys: readonly string[] }
  | { readonly type: "restart-controller" }
  | { readonly type: "settle"; readonly generation: number; readonly remainingMs: number }
  | { readonly type: "delete-decryption-key"; readonly slot: KeySlot }
  | { readonly type: "finish"; readonly verifyingKeys: readonly string[] };

const TWO_KEYS_PROBLEM =
  "the Worker has two decryption keys, and no rotation is under way in this folder. " +
  "Continue in the folder where the rotation began, or delete the unused key with `wrangler secret delete`";

/** Returns the next step. Each one can be repeated, and none removes a key that a request may need. */
export function findRotationStep(state: RotationState): RotationStep {
  const { settings, variables, next } = state;
  const { rotation } = settings;
  const slots = listKeySlots(listSecretNames(state.worker));
  if (!rotation && slots.length > 1) throw new UsageError(TWO_KEYS_PROBLEM); // one of them is in use
  if (!rotation) return { type: "begin", slot: slots[0] ? otherSlot(slots[0]) : "EDGRESS_DECRYPTION_KEY" };
  const activeKey = readPublicKey(variables.EDGRESS_SIGNING_KEY ?? "") ?? "";
  const isSwitched = !next.EDGRESS_SIGNING_KEY || next.EDGRESS_SIGNING_KEY === variables.EDGRESS_SIGNING_KEY;
  return isSwitched
    ? findStepAfterSwitch(state, activeKey, otherSlot(rotation.slot))
    : findStepBeforeSwitch(state, activeKey, rotation);
}

function findStepBeforeSwitch(
  { next, worker, edge }: RotationState,
  activeKey: string,
  { slot, isAccepted }: NonNullable<SetupSettings["rotation"]>,
): RotationStep {
  if (!next.EDGRESS_ENCRYPTION_KEY) return { type: "put-decryption-key", slot };
  const verifyingKeys = [activeKey, readPublicKey(next.EDGRESS_SIGNING_KEY ?? "") ?? ""];
  if (readVariable(worker, "EDGRESS_VERIFYING_KEY") !== verifyingKeys.join(","))
    return { type: "deploy", verifyingKeys };
  if (!isAccepted)
    return { type: "confirm-edge", isConfirmed: acceptsKeys(edge, verifyingKeys, next.EDGRESS_ENCRYPTION_KEY) };
  return { type: "switch-controller", verifyingKeys };
}

function findStepAfterSwitch(state: RotationState, activeKey: string, oldSlot: KeySlot): RotationStep {
  const { worker } = state;
  const verifyingKeys = [activeKey];
  if (readVariable(worker, "EDGRESS_VERIFYING_KEY") !== activeKey)
    return findReasonToWait(state) ?? { type: "deploy", verifyingKeys };
  if (listSecretNames(worker).includes(oldSlot)) return { type: "delete-decryption-key", slot: oldSlot };
  return { type: "finish", verifyingKeys };
}

/** Returns why an edge may still need the old keys. Undefined if none does. */
function findReasonToWait({ publication, edge, now, settleMs }: RotationState): RotationStep | undefined {
  if (publication.type === "none") return undefined;
  if (publication.type === "signed-with-other-key") return { type: "restart-controller" };
  const { generation, publishedAt } = publication;
  const isAdopted = edge.type === "serving" && edge.generation >= generation;
  const remainingMs = Math.max(publishedAt + settleMs - now, isAdopted ? 0 : 1);
  return remainingMs > 0 ? { type: "settle", generation, remainingMs } : undefined;
}

function acceptsKeys(edge: EdgeAnswer, verifyingKeys: readonly string[], encryptionKey: string): boolean {
  if (edge.type === "unavailable") return false;
  const { verifyingKeys: accepted = [], encryptionKeys = [] } = edge;
  return verifyingKeys.every((key) => accepted.includes(key)) && encryptionKeys.includes(encryptionKey);
}
