import type { ManifestAuthor } from "../../src/rules/snapshot.ts";
import { nameOf } from "../collect/cluster-model.ts";
import type { PreviousState } from "../compile/last-good.ts";
import type { HealthChecks } from "../health-checks/health-checks.ts";
import { findMaxRecords } from "../permits/model.ts";
import { tolerateLoss } from "../publish/blobs.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import { findPin, type Pin } from "../publish/history/pin.ts";
import type { HostSyncResult } from "../publish/hosts/model.ts";
import type { PublishResult } from "../publish/publish.ts";
import { findFormatProblem, type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import type { RolloutState, Rollouts } from "../publish/rollout/publish-in-stages.ts";
import { findSigningKeyProblem } from "../publish/signing-key-check.ts";
import { type DeferredState, type DeferredWriteResult, writeStateWhenDue } from "../publish/state/deferred-state.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { type ControllerState, type LoadedState, readState } from "../publish/state/state.ts";
import { guardRules } from "./guard-rules.ts";
import { buildControllerState, keepLastGood } from "./next-state.ts";
import type { CompileBase, CompileDependencies, CompiledCluster } from "./pipeline.ts";
import { findOutcomeType, type OutcomeType, publishRules, selectServedRules } from "./publish-rules.ts";

export interface PublishDependencies extends CompileDependencies {
  /** UID of the cluster. It identifies the owner of the KV namespace. */
  readonly clusterUid: string;
  readonly takeOwnership: boolean;
  readonly limits: DeletionLimits;
  /** Time to collect changes of the controller state before a write. */
  readonly stateDelayMs: number;
  /** The process, for the history. */
  readonly author: ManifestAuthor;
  /** Publishes changes to a share of clients first. */
  readonly rollouts?: Rollouts | undefined;
  /** Checks the addresses of published hosts. */
  readonly healthChecks?: HealthChecks | undefined;
}

/** The published snapshot, and the controller state in KV. */
export interface PublishedState {
  readonly snapshot: PublishedSnapshot;
  readonly controllerState: LoadedState;
  /** The newer controller state, until it is written. */
  readonly deferredState?: DeferredState | undefined;
}

/** The base of a sync that compares its rules with the published ones. */
export interface PublishedBase extends CompileBase {
  readonly publishedState: PublishedState;
}

/** The outcome of a sync by the leader. */
export interface SyncOutcome {
  readonly type: OutcomeType;
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
  /** The roll-out in progress, or the aborted one whose rules are not published. */
  readonly rollout: RolloutState | undefined;
  /** The comparison that a promotion followed from. */
  readonly promotion: string | undefined;
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

/** Adds the DNS records of the rules that a leader publishes. While a rollback is active, those of the pinned rules. */
export async function syncClusterRecords(
  { records, limits, rollouts }: PublishDependencies,
  { compilation, permits }: CompiledCluster,
  { publishedState }: PublishedBase,
  approvedIds: ReadonlySet<string>,
  fence: WriteFence,
): Promise<void> {
  const { snapshot } = publishedState;
  const { rules } = guardRules(snapshot, compilation.rules, limits, approvedIds);
  const servedRules = selectServedRules(rules, snapshot, rollouts !== undefined);
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
  const { limits } = dependencies;
  const { snapshot } = publishedState;
  const { rules, blockedRemovals } = guardRules(snapshot, compiled.compilation.rules, limits, approvedIds);
  const nextState = keepLastGood(compiled, previousState, blockedRemovals);
  const isUrgent = blockedRemovals.length > 0 || hasOtherKeys(nextState.brokenSince, previousState.brokenSince);
  const writtenState = await writeLastGood(dependencies, nextState, compiled, publishedState, isUrgent, fence, now);
  const pin = findPin(snapshot, rules);
  const publication = await publishRules(dependencies, rules, snapshot, pin, fence, now);
  const { publishResult, rollout } = publication;
  const type = findOutcomeType(publication, pin);
  return {
    publishedState: {
      snapshot: publishResult.snapshot,
      controllerState: writtenState.state,
      deferredState: writtenState.deferredState,
    },
    previousState: nextState,
    type,
    publishResult,
    writes: publishResult.writes + writtenState.writes,
    bytes: publishResult.bytes + writtenState.bytes,
    changedIngresses:
      type === "published" ? findChangedIngresses(snapshot.hosts, publishResult.snapshot.hosts) : new Set(),
    blockedRemovals,
    pin,
    rollout,
    promotion: publication.promotion,
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
