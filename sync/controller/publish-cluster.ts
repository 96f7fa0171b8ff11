import type { ManifestAuthor } from "../../src/rules/snapshot.ts";
import { nameOf } from "../collect/cluster-model.ts";
import type { PreviousState } from "../compile/last-good.ts";
import { findMaxRecords } from "../permits/model.ts";
import { tolerateLoss } from "../publish/blobs.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import { findPin, type Pin } from "../publish/history/pin.ts";
import type { HostSyncResult } from "../publish/hosts/model.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import { findFormatProblem, type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import { findSigningKeyProblem } from "../publish/signing-key-check.ts";
import { type DeferredState, type DeferredWriteResult, writeStateWhenDue } from "../publish/state/deferred-state.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { type ControllerState, type LoadedState, readState } from "../publish/state/state.ts";
import { guardRules } from "./guard-rules.ts";
import { buildControllerState, keepLastGood } from "./next-state.ts";
import type { CompileBase, CompileDependencies, CompiledCluster } from "./pipeline.ts";
import { keepPinned } from "./publish-pinned.ts";

export interface PublishDependencies extends CompileDependencies {
  /** UID of the cluster. It identifies the owner of the KV namespace. */
  readonly clusterUid: string;
  readonly takeOwnership: boolean;
  readonly limits: DeletionLimits;
  /** Time to collect changes of the controller state before a write. */
  readonly stateDelayMs: number;
  /** The process, for the history. */
  readonly author: ManifestAuthor;
}

/** The published snapshot, and the controller state in KV. */
export interface PublishedState {
  readonly snapshot: PublishedSnapshot;
  readonly controllerState: LoadedState;
  /** The newer controller state, until it is written. */
  readonly deferredState?: DeferredState | undefined;
  /** Whether KV may have a newer snapshot that its reads do not show yet. Then nothing is collected. */
  readonly mayBeStale?: boolean;
}

/** The base of a sync that compares its rules with the published ones. */
export interface PublishedBase extends CompileBase {
  readonly publishedState: PublishedState;
}

/** The outcome of a sync by the leader. */
export interface SyncOutcome {
  readonly type: "published" | "unchanged" | "pinned";
  /** The base of the next sync. */
  readonly publishedState: PublishedState;
  readonly previousState: PreviousState;
  readonly publishResult: PublishResult;
  readonly writes: number; // keys written to KV, with those of the controller state
  readonly bytes: number; // written to KV
  /** Ingresses ("namespace/name") with a new or changed published route. */
  readonly changedIngresses: ReadonlySet<string>;
  /** Removals that stay published until they are approved. */
  readonly blockedRemovals: readonly BlockedRemoval[];
  /** The records and routes of hosts, with `--manage-hosts`. */
  readonly hostResult?: HostSyncResult | undefined;
  /** The rollback that holds the published rules, so that nothing was published. */
  readonly pin: Pin | undefined;
}

/**
 * Reads the published state. Rejects if it belongs to another cluster or to a newer version. Rejects if a part is missing,
 * unless `onLoss` is set: then it is called with the problem, and publishing writes the missing part again.
 */
export async function readPublishedState(
  { account, clusterUid, takeOwnership }: PublishDependencies,
  onLoss?: (problem: string) => void,
): Promise<PublishedState> {
  const { kv, signer, verifier } = account;
  const keyProblem = await findSigningKeyProblem(account);
  if (keyProblem !== undefined && !takeOwnership) throw new Error(keyProblem);
  const controllerState = await tolerateLoss(readState(kv, signer, verifier), onLoss);
  const ownership = checkOwnership(controllerState, clusterUid);
  if (!ownership.ok && !takeOwnership) throw new Error(ownership.problem);
  const formatProblem = await findFormatProblem(kv, verifier);
  if (formatProblem !== undefined && !takeOwnership) throw new Error(formatProblem);
  return { snapshot: await tolerateLoss(readPublishedSnapshot(kv, verifier), onLoss), controllerState };
}

/** Returns the state whose next generation is above the reserved one. */
export function withReserved(state: PublishedState, reserved: number, isCurrent: boolean): PublishedState {
  const { snapshot } = state;
  const highestGeneration = Math.max(snapshot.highestGeneration, reserved);
  return { ...state, snapshot: { ...snapshot, highestGeneration }, mayBeStale: !isCurrent };
}

/** Adds the DNS records of the rules that a leader publishes. While a rollback is active, those of the pinned rules. */
export async function syncClusterRecords(
  { records, limits }: PublishDependencies,
  { compilation, permits }: CompiledCluster,
  { publishedState }: PublishedBase,
  approvedIds: ReadonlySet<string>,
  fence: WriteFence,
): Promise<void> {
  const { snapshot } = publishedState;
  const { rules } = guardRules(snapshot, compilation.rules, limits, approvedIds);
  const servedRules = snapshot.manifest?.rollback ? { ...rules, hosts: snapshot.hosts } : rules;
  await records.sync(servedRules, fence.check, (namespace) => findMaxRecords(permits, namespace));
}

/**
 * Publishes as leader: check the deletion guard, write the controller state, publish the snapshot. While a rollback is
 * active, the pinned rules stay published.
 */
export async function publishCluster(
  dependencies: PublishDependencies,
  compiled: CompiledCluster,
  { publishedState, previousState }: PublishedBase,
  approvedIds: ReadonlySet<string>,
  fence: WriteFence,
  now: Date,
): Promise<SyncOutcome> {
  const { account, limits, author } = dependencies;
  const { kv, signer, encryptor } = account;
  const { snapshot } = publishedState;
  const { rules, blockedRemovals } = guardRules(snapshot, compiled.compilation.rules, limits, approvedIds);
  const nextState = keepLastGood(compiled, previousState, blockedRemovals);
  const isUrgent = blockedRemovals.length > 0 || hasOtherKeys(nextState.brokenSince, previousState.brokenSince);
  const writtenState = await writeLastGood(dependencies, nextState, compiled, publishedState, isUrgent, fence, now);
  const pin = findPin(snapshot, rules);
  const publishResult = pin
    ? await keepPinned(dependencies, snapshot, fence, now)
    : await publish(rules, kv, signer, now, encryptor, {
        author,
        fence,
        snapshot,
        collects: !publishedState.mayBeStale,
      });
  return {
    publishedState: {
      snapshot: publishResult.snapshot,
      controllerState: writtenState.state,
      deferredState: writtenState.deferredState,
    },
    previousState: nextState,
    type: pin ? "pinned" : publishResult.hasChanged ? "published" : "unchanged",
    publishResult,
    writes: publishResult.writes + writtenState.writes,
    bytes: publishResult.bytes + writtenState.bytes,
    changedIngresses: publishResult.hasChanged
      ? findChangedIngresses(snapshot.hosts, publishResult.snapshot.hosts)
      : new Set(),
    blockedRemovals,
    pin,
  };
}

/** Writes the controller state if it is due. */
async function writeLastGood(
  { account: { kv, signer }, regexChecker, clusterUid, stateDelayMs }: PublishDependencies,
  nextState: PreviousState,
  { compilation }: CompiledCluster,
  { controllerState, deferredState }: PublishedState,
  isUrgent: boolean,
  fence: WriteFence,
  now: Date,
): Promise<DeferredWriteResult> {
  const regexVerdicts = regexChecker.listAfter(compilation.regexes);
  const desiredState = { ...buildControllerState(nextState, clusterUid), regexVerdicts };
  const timing = { delayMs: stateDelayMs, now: now.getTime(), isUrgent };
  return writeStateWhenDue(kv, signer, controllerState, desiredState, timing, deferredState, fence);
}

/** Whether an Ingress broke or was repaired. Its last good version is in no other place. */
function hasOtherKeys(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size !== b.size || [...a.keys()].some((key) => !b.has(key));
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
