import { nameOf } from "../collect/cluster-model.ts";
import type { PreviousState } from "../compile/last-good.ts";
import { PartialReadError } from "../publish/blobs.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import {
  checkRemoval,
  countHostRoutes,
  type DeletionLimits,
  type DeletionVerdict,
  diffRemovals,
} from "../publish/guard/deletion-guard.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import { findFormatProblem, type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { type ControllerState, type LoadedState, readState, writeState } from "../publish/state/state.ts";
import type { CompileBase, CompileDependencies, CompiledCluster } from "./pipeline.ts";

export interface PublishDependencies extends CompileDependencies {
  /** UID of the cluster. It identifies the owner of the KV namespace. */
  readonly clusterUid: string;
  readonly takeOwnership: boolean;
  readonly limits: DeletionLimits;
}

/** The published snapshot, and the controller state in KV. */
export interface PublishedState {
  readonly snapshot: PublishedSnapshot;
  readonly controllerState: LoadedState;
}

/** The base of a sync that compares its rules with the published ones. */
export interface PublishedBase extends CompileBase {
  readonly publishedState: PublishedState;
}

/** The outcome of a sync by the leader. */
export type SyncOutcome = {
  /** The base of the next sync. */
  readonly publishedState: PublishedState;
} & (
  | { readonly type: "blocked"; readonly verdict: DeletionVerdict }
  | {
      readonly type: "published" | "unchanged";
      readonly publishResult: PublishResult;
      readonly writes: number; // keys written to KV, with those of the controller state
      readonly bytes: number; // written to KV
      /** Ingresses ("namespace/name") with a new or changed published route. */
      readonly changedIngresses: ReadonlySet<string>;
    }
);

/**
 * Reads the published state. Rejects if it belongs to another cluster or to a newer version. Rejects if a part is missing,
 * unless `onLoss` is set: then it is called with the problem, and publishing writes the missing part again.
 */
export async function readPublishedState(
  { account: { kv, signer }, clusterUid, takeOwnership }: PublishDependencies,
  onLoss?: (problem: string) => void,
): Promise<PublishedState> {
  const controllerState = await tolerateLoss(readState(kv, signer), onLoss);
  const ownership = checkOwnership(controllerState, clusterUid);
  if (!ownership.ok && !takeOwnership) throw new Error(ownership.problem);
  const formatProblem = await findFormatProblem(kv, signer);
  if (formatProblem !== undefined && !takeOwnership) throw new Error(formatProblem);
  return { snapshot: await tolerateLoss(readPublishedSnapshot(kv, signer), onLoss), controllerState };
}

async function tolerateLoss<T>(result: Promise<T>, onLoss: ((problem: string) => void) | undefined): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof PartialReadError) || !onLoss) throw error;
    onLoss(error.message);
    return error.partialResult as T; // of the same type
  }
}

/** Publishes as leader: check the deletion guard, write the controller state, sync DNS records, publish the snapshot. */
export async function publishCluster(
  { account: { kv, signer, encryptor }, records, regexChecker, clusterUid, limits }: PublishDependencies,
  compiled: CompiledCluster,
  publishedState: PublishedState,
  approvedId: string | undefined,
  fence: WriteFence,
  now: Date,
): Promise<SyncOutcome> {
  const { rules } = compiled.compilation;
  const { snapshot, controllerState } = publishedState;
  const verdict = checkRemoval(
    diffRemovals(snapshot.hosts, rules.hosts),
    countHostRoutes(snapshot.hosts),
    limits,
    approvedId,
  );
  if (verdict.blockedReason !== undefined) return { publishedState, type: "blocked", verdict };
  const regexVerdicts = regexChecker.listAfter(compiled.compilation.regexes);
  const desiredState = { ...buildControllerState(compiled, clusterUid), regexVerdicts };
  const writtenState = await writeState(kv, signer, controllerState, desiredState, fence);
  await records.sync(rules, fence.check);
  const publishResult = await publish(rules, kv, signer, now, encryptor, { fence, snapshot });
  return {
    publishedState: { snapshot: publishResult.snapshot, controllerState: writtenState.state },
    type: publishResult.hasChanged ? "published" : "unchanged",
    publishResult,
    writes: publishResult.writes + writtenState.writes,
    bytes: publishResult.bytes + writtenState.bytes,
    changedIngresses: publishResult.hasChanged ? findChangedIngresses(snapshot.hosts, rules.hosts) : new Set(),
  };
}

/** Returns the state that a restarted controller reads. */
function buildControllerState(
  { lastGood, brokenSince }: PreviousState,
  cluster: string,
): Omit<ControllerState, "regexVerdicts"> {
  return { cluster, brokenSince: Object.fromEntries(brokenSince), ingresses: [...lastGood.values()] };
}

/** Returns the last good Ingresses in a controller state. */
export function previousStateFrom({
  ingresses,
  brokenSince,
}: Pick<ControllerState, "ingresses" | "brokenSince">): PreviousState {
  return {
    lastGood: new Map(ingresses.map((ingress) => [nameOf(ingress), ingress])),
    brokenSince: new Map(Object.entries(brokenSince)),
  };
}
