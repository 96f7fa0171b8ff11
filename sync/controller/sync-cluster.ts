import { nameOf } from "../collect/cluster-model.ts";
import type { LiveCluster, ObservedCluster } from "../collect/live-cluster.ts";
import type { CompileCache } from "../compile/compile-cache.ts";
import { compileWithLastGood, type LastGoodCompilation, type PreviousState } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import type { Permits } from "../permits/model.ts";
import type { Account } from "../publish/account.ts";
import { PartialReadError } from "../publish/blobs.ts";
import type { OriginRecordSync } from "../publish/dns/sync-records.ts";
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

/** What every round of a cluster works with. */
export interface SyncDependencies {
  readonly liveCluster: LiveCluster;
  readonly account: Account;
  readonly records: OriginRecordSync;
  readonly options: Omit<Options, "zones" | "tokenizeSecret" | "permits">;
  readonly cache: CompileCache;
  /** The uid of the cluster, by which clusters are told apart. */
  readonly clusterUid: string;
  readonly takeOwnership: boolean;
  readonly limits: DeletionLimits;
}

/** What is published, and what was written down beside it. */
export interface PublishedState {
  readonly snapshot: PublishedSnapshot;
  readonly controllerState: LoadedState;
}

/** A cluster, compiled. */
export interface CompiledCluster {
  readonly observedCluster: ObservedCluster;
  readonly compilation: LastGoodCompilation;
}

/** What a round came to. */
export type SyncOutcome = CompiledCluster & {
  /** What the next round starts from. */
  readonly publishedState: PublishedState;
} & (
    | { readonly type: "blocked"; readonly verdict: DeletionVerdict }
    | {
        readonly type: "published" | "unchanged";
        readonly publishResult: PublishResult;
        /** What was written to KV in all: keys, and bytes. */
        readonly writes: number;
        readonly bytes: number;
        /** The Ingresses of which something is live that was not. */
        readonly changedIngresses: ReadonlySet<string>;
      }
  );

const MAX_COMPILE_PASSES = 5;

/**
 * Reads what is published. Rejects where it is another cluster's or a newer sync job's, or where KV does not give all of
 * it; with `goOn` the rest counts, as what is lost is written anew by publishing, and `goOn` is told what that is.
 */
export async function readPublishedState(
  { account: { kv, signer }, clusterUid, takeOwnership }: SyncDependencies,
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
    return error.partialResult as T; // what could be read of the same
  }
}

/**
 * Compiles the cluster as it is known. The Secrets and ConfigMaps that rules refer to are read first, so that nothing is
 * missing only because it was not asked for. Undefined until every first list is in.
 */
export async function compileCluster(
  { liveCluster, account, records, options, cache }: SyncDependencies,
  permits: Permits,
  previousState: PreviousState,
  now: Date,
): Promise<CompiledCluster | undefined> {
  const zones = (await records.listZones()).map(({ name }) => name);
  const compileOptions = { ...options, zones, permits, tokenizeSecret: account.encryptor.tokenizeSecret };
  for (let pass = 1; ; pass++) {
    const observedCluster = liveCluster.read();
    if (!observedCluster) return undefined;
    const compilation = compileWithLastGood(
      observedCluster.cluster,
      previousState,
      compileOptions,
      now.toISOString(),
      cache,
    );
    const hasNewReferences = await liveCluster.watchReferences(compilation.compilation.references);
    if (!hasNewReferences || pass === MAX_COMPILE_PASSES) return { observedCluster, compilation };
  }
}

/** A round of the one who may write: judge what would go, write down what is good, add DNS records, publish. */
export async function publishCluster(
  { account, records, clusterUid, limits }: SyncDependencies,
  compiledCluster: CompiledCluster,
  publishedState: PublishedState,
  approvedId: string | undefined,
  fence: WriteFence,
  now: Date,
): Promise<SyncOutcome> {
  const { rules } = compiledCluster.compilation.compilation;
  const { hosts } = publishedState.snapshot;
  const verdict = checkRemoval(diffRemovals(hosts, rules.hosts), countHostRoutes(hosts), limits, approvedId);
  if (verdict.blockedReason !== undefined) return { ...compiledCluster, publishedState, type: "blocked", verdict };
  const { kv, signer } = account;
  const writtenState = await writeState(
    kv,
    signer,
    publishedState.controllerState,
    buildControllerState(compiledCluster.compilation, clusterUid),
    fence,
  );
  await records.sync(rules, fence.check);
  const publishResult = await publish(rules, kv, signer, now, account.encryptor, {
    fence,
    snapshot: publishedState.snapshot,
  });
  return {
    ...compiledCluster,
    publishedState: { snapshot: publishResult.snapshot, controllerState: writtenState.state },
    type: publishResult.hasChanged ? "published" : "unchanged",
    publishResult,
    writes: publishResult.writes + writtenState.writes,
    bytes: publishResult.bytes + writtenState.bytes,
    changedIngresses: publishResult.hasChanged ? findChangedIngresses(hosts, rules.hosts) : new Set(),
  };
}

/** What is written down of a round, and what the next one knows by it. */
function buildControllerState({ lastGood, brokenSince }: PreviousState, cluster: string): ControllerState {
  return { cluster, brokenSince: Object.fromEntries(brokenSince), ingresses: [...lastGood.values()] };
}

/** What is known from before, as it was written down. */
export function previousStateFrom({ ingresses, brokenSince }: ControllerState): PreviousState {
  return {
    lastGood: new Map(ingresses.map((ingress) => [nameOf(ingress), ingress])),
    brokenSince: new Map(Object.entries(brokenSince)),
  };
}
