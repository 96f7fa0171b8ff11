import type { ManifestAuthor } from "../../src/rules/snapshot.ts";
import { watchCluster } from "../collect/live-cluster.ts";
import { type CollectionListener, watchCollection } from "../collect/watched-collection.ts";
import { createCompileCache } from "../compile/compile-cache.ts";
import type { Options } from "../compile/options.ts";
import type { EdgeClient } from "../edge/edge-client.ts";
import { createEdgeFollower, type EdgeFollower, type EdgeListener } from "../edge/edge-follower.ts";
import { createHealthChecks, type HealthCheckOptions } from "../health-checks/health-checks.ts";
import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { readClusterUid } from "../kubernetes/cluster-uid.ts";
import { describeProblem } from "../kubernetes/errors.ts";
import { CONFIG_MAPS } from "../kubernetes/resources.ts";
import type { Leadership } from "../leader-election/leader-election.ts";
import { DEFAULT_PERMITS } from "../permits/model.ts";
import { type PermitsLocation, watchPermits } from "../permits/source.ts";
import type { Account } from "../publish/account.ts";
import type { StaleRecordSplitter } from "../publish/dns/stale-records.ts";
import { createOriginRecordSync } from "../publish/dns/sync-records.ts";
import type { Rollouts } from "../publish/rollout/publish-in-stages.ts";
import { createRegexChecker } from "../regex-check/regex-checker.ts";
import { APPROVAL_CONFIG_MAP, type ApprovalRequests, parseApprovalRequests } from "../report/approval-config-map.ts";
import type { Logger } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";
import { type Sleep, sleep as sleepInRealTime } from "../runtime/sleep.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { createManagedHosts, type HostOptions } from "./managed-hosts.ts";
import { createWatchLog } from "./watch-log.ts";

/** Options of `edgress sync`, with and without `--once` and `--dry-run`. */
export interface SyncOptions
  extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits" | "namespace">,
    HostOptions {
  readonly watchNamespace: readonly string[];
  readonly ingressSelector: string;
  readonly permits: PermitsLocation;
  readonly allowMassDeletion: boolean;
  readonly maxRemovedHosts: number;
  readonly publishStatusAddress: readonly string[];
  readonly takeOwnership: boolean;
}

/** About one minute of API calls. The next sync adds more. */
const MAX_NEW_ROUTES = 200;
const DEFAULT_STATE_DELAY_MS = 60_000;

export interface ControllerContext {
  readonly api: KubernetesClient;
  /** Namespace of the Lease and the ConfigMaps of edgress. */
  readonly namespace: string;
  /** Name in Events: the Pod. */
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly account: Account;
  /** The process, for the history of publications. */
  readonly author: ManifestAuthor;
  /** The Worker at `--edge-url`. */
  readonly edge?: EdgeClient | undefined;
  /** Publishes changes to a share of clients first. */
  readonly rollouts?: Rollouts | undefined;
  /** Which stale DNS records are removed. By default, those that this process has seen stale for one hour. */
  readonly splitStaleRecords?: StaleRecordSplitter;
  /** Waits before a failed list or watch is retried, and until KV shows the last publication. In real time by default. */
  readonly sleep?: Sleep;
  /** Time to collect changes of the controller state before a write; 60 s by default. */
  readonly stateDelayMs?: number;
  /** Where health checks connect to, and the length of their second. */
  readonly healthChecks?: Pick<HealthCheckOptions, "findTarget" | "secondMs"> | undefined;
}

export interface ControllerListener {
  /** Called after a change that needs a sync. */
  readonly onChange: () => void;
  /** Called after each failure of a list or watch. */
  readonly onWatchProblem: (problem: string) => void;
  /** Called when the API server no longer serves a watched resource. The controller must be restarted. */
  readonly onResourceRemoved: (problem: string) => void;
}

/** Listener of commands that run one sync. */
export const IGNORE_CHANGES: ControllerListener = {
  onChange: () => {},
  onWatchProblem: () => {},
  onResourceRemoved: () => {},
};

/** Starts the watches of a cluster, and creates the clients of every sync. Rejects if the API server does not respond. */
export async function setUpController(
  options: SyncOptions,
  context: ControllerContext,
  leadership: Pick<Leadership, "status" | "check" | "reservations">,
  listener: ControllerListener,
  signal: AbortSignal,
): Promise<ControllerDependencies> {
  const { api, namespace, instance, log, metrics, account, author, sleep = sleepInRealTime } = context;
  const clusterUid = await readClusterUid(api);
  const { onChange } = listener;
  const { onError, onAnswer, onNote } = createWatchListener(context, listener);
  const onConfigMapError = (error: Error) => onError("configmaps", error);
  const configMapListener = { onChange, onError: onConfigMapError, onAnswer: () => onAnswer("configmaps") };
  const liveCluster = await watchCluster(api, options, { onChange, onError, onAnswer, onNote }, sleep, signal);
  const { ingressClass, controller, watchIngressWithoutClass, exclusiveHosts, allowedResponseHeaders } = options;
  return {
    api,
    liveCluster,
    account,
    ...createRecordSyncs(options, context),
    options: { ingressClass, controller, watchIngressWithoutClass, exclusiveHosts, allowedResponseHeaders, namespace },
    cache: createCompileCache(),
    regexChecker: createRegexChecker(),
    clusterUid,
    author: { ...author, cluster: clusterUid },
    takeOwnership: options.takeOwnership,
    stateDelayMs: context.stateDelayMs ?? DEFAULT_STATE_DELAY_MS,
    limits: { maxRemovedHosts: options.maxRemovedHosts, allowMassDeletion: options.allowMassDeletion },
    leadership,
    permits: watchPermits(options.permits, DEFAULT_PERMITS, api, onChange, sleep, signal),
    getApprovalRequests: watchApprovalRequests(api, namespace, configMapListener, sleep, signal),
    edgeFollower: followEdge(context, signal),
    sleep,
    rollouts: context.rollouts,
    healthChecks: startHealthChecks(context, onChange, signal),
    log,
    metrics,
    addresses: options.publishStatusAddress,
    instance,
    namespace,
  };
}

function startHealthChecks({ log, healthChecks }: ControllerContext, onChange: () => void, signal: AbortSignal) {
  return createHealthChecks({
    ...healthChecks,
    onChange,
    onTransition({ backend, address, isHealthy, problem }) {
      const state = isHealthy ? "healthy" : "unhealthy";
      const line = `${state} address=${address} backend=${backend}`;
      log[isHealthy ? "info" : "warn"]({ backend, address }, isHealthy ? line : `${line}: ${problem}`);
    },
    signal,
  });
}

/** Creates the syncs of the records of origins and of hosts. */
function createRecordSyncs(options: SyncOptions, { account, splitStaleRecords }: ControllerContext) {
  const records = createOriginRecordSync(account.dns, () => performance.now(), splitStaleRecords);
  return { records, hosts: createManagedHosts(account, options, records, () => new Date(), MAX_NEW_ROUTES) };
}

/** Counts, logs and passes on the failures of lists and watches. */
function createWatchListener({ log, metrics }: ControllerContext, listener: ControllerListener) {
  const watchLog = createWatchLog(log, () => performance.now());
  return {
    onAnswer: watchLog.answered,
    onNote: (resource: string, line: string) => log.info({ resource }, line),
    onError(resource: string, error: Error) {
      metrics.recordWatchFailure(resource);
      watchLog.failed(resource, error);
      listener.onWatchProblem(describeProblem(error));
      if (resource === "ingresses" && error instanceof ApiError && error.status === 404)
        listener.onResourceRemoved(error.message);
    },
  };
}

function followEdge({ edge, log, metrics }: ControllerContext, signal: AbortSignal): EdgeFollower | undefined {
  const listener: EdgeListener = {
    onSeen: (generation) => metrics.setEdgeGeneration(generation),
    onAdopted(generation, seconds) {
      metrics.observePropagation(seconds);
      log.info({ generation, seconds }, `edge serves generation=${generation} seconds=${seconds.toFixed(1)}`);
    },
    onLate: (problem) => log.error(problem),
  };
  return edge && createEdgeFollower(edge, listener, { now: () => performance.now(), sleep: sleepInRealTime }, signal);
}

/** Watches the ConfigMap of blocked deletions. Returns a function that reads it. */
function watchApprovalRequests(
  api: KubernetesClient,
  namespace: string,
  listener: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): () => ApprovalRequests {
  const scope = { namespace, query: { fieldSelector: `metadata.name=${APPROVAL_CONFIG_MAP}` } };
  const collection = watchCollection(api, CONFIG_MAPS, scope, listener, sleep, signal);
  return () => {
    const parsedObject = collection.list()?.[0]?.parsedObject;
    return parseApprovalRequests(parsedObject?.kind === "ConfigMap" ? parsedObject.object.data : {});
  };
}
