import { errorMessage } from "../../src/rules/error-message.ts";
import { failure, type Result, success } from "../../src/rules/result.ts";
import type { WatchScope } from "../collect/live-cluster.ts";
import { openCluster } from "../collect/open-cluster.ts";
import type { PreviousState } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import { findIgnoredIngresses, type IgnoredIngress } from "../compile/select/ignored-ingresses.ts";
import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { readClusterUid } from "../kubernetes/cluster-uid.ts";
import { describeProblem } from "../kubernetes/errors.ts";
import { holderOf, Lease } from "../leader-election/lease-protocol.ts";
import { DEFAULT_PERMITS, type Permits } from "../permits/model.ts";
import { type PermitsLocation, watchPermits } from "../permits/source.ts";
import { type ApprovalRequests, readApprovalRequests } from "../report/approval-config-map.ts";
import { sleep } from "../runtime/sleep.ts";
import { resolvesWithin } from "../runtime/wait.ts";
import { type ClusterRules, compileOpenCluster } from "./compile-cluster.ts";

const PERMITS_TIMEOUT_MS = 15_000;

/** The cluster at one moment: its rules, and the objects of the controller. */
export interface ClusterSide extends ClusterRules {
  readonly uid: Result<string>;
  readonly ignoredIngresses: readonly IgnoredIngress[];
  /** The holder of the Lease; undefined without a holder. */
  readonly leader: Result<LeaseHolder | undefined>;
  readonly blockedRemovals: Result<ApprovalRequests>;
}

export interface LeaseHolder {
  readonly identity: string;
  readonly renewedAt: string | undefined; // RFC 3339
}

export interface ClusterSideOptions extends WatchScope {
  readonly namespace: string; // of the controller
  readonly leaseName: string;
  readonly permits: PermitsLocation;
}

/** Reads and compiles the cluster. It never rejects. */
export async function readClusterSide(
  api: KubernetesClient,
  options: ClusterSideOptions,
  compileOptions: Omit<Options, "permits">,
  previousState: PreviousState,
  now: Date,
): Promise<Result<ClusterSide>> {
  const lifetime = new AbortController();
  const { namespace, leaseName } = options;
  try {
    const permits = await readPermits(options.permits, api, lifetime.signal);
    const liveCluster = await openCluster(api, options, lifetime.signal);
    const clusterRules = await compileOpenCluster(liveCluster, previousState, { ...compileOptions, permits }, now);
    return success({
      ...clusterRules,
      ignoredIngresses: findIgnoredIngresses(clusterRules.cluster, compileOptions),
      uid: await toResult(readClusterUid(api)),
      leader: await toResult(readLeader(api, namespace, leaseName)),
      blockedRemovals: await toResult(readApprovalRequests(api, namespace)),
    });
  } catch (error) {
    return failure(errorMessage(error));
  } finally {
    lifetime.abort();
  }
}

async function readPermits(location: PermitsLocation, api: KubernetesClient, signal: AbortSignal): Promise<Permits> {
  const source = watchPermits(location, DEFAULT_PERMITS, api, () => {}, sleep, signal);
  if (!(await resolvesWithin(source.ready, PERMITS_TIMEOUT_MS, signal))) throw new Error("permits are not readable");
  const { permits, problem } = source.read() ?? {};
  if (!permits) throw new Error(`permits are invalid: ${problem}`);
  return permits;
}

async function readLeader(api: KubernetesClient, namespace: string, name: string): Promise<LeaseHolder | undefined> {
  try {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
    const lease = Lease.parse(await api.get(path));
    const identity = holderOf(lease);
    return identity === undefined ? undefined : { identity, renewedAt: lease.spec?.renewTime ?? undefined };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function toResult<T>(reading: Promise<T>): Promise<Result<T>> {
  return reading.then(success, (error: unknown) => failure(describeProblem(error)));
}
