import type { Cluster } from "../collect/cluster-model.ts";
import type { LiveCluster } from "../collect/live-cluster.ts";
import type { Permits } from "../permits/model.ts";
import type { PermitsSource } from "../permits/source.ts";
import type { Logger } from "../report/log.ts";
import { resolvesWithin } from "../runtime/wait.ts";
import type { CollectedCluster } from "./pipeline.ts";

const FIRST_LISTS_TIMEOUT_MS = 60_000;

/** The observed cluster and permits, updated by watches. */
export interface ClusterSource {
  readonly liveCluster: LiveCluster;
  readonly permits: PermitsSource;
}

/**
 * Returns the observed cluster with the last valid permits, or undefined until both were read. A problem with the permits
 * is logged. Throws if the permits were never valid.
 */
export function collectLiveCluster(
  { liveCluster, permits }: ClusterSource,
  log: Pick<Logger, "error">,
): CollectedCluster | undefined {
  const permitsState = permits.read();
  if (!permitsState || !liveCluster.read()) return undefined;
  const { problem } = permitsState;
  if (problem !== undefined)
    log.error({ permits: problem }, `permits rejected: ${problem}. The last valid permits stay in use`);
  if (!permitsState.permits) throw new Error("no valid permits were read; nothing is published");
  return readLiveCluster(liveCluster, permitsState.permits);
}

/** Collects the cluster as soon as all first lists are complete. Rejects if the permits are invalid. */
export async function collectCompleteCluster(
  source: ClusterSource,
  signal: AbortSignal,
): Promise<CollectedCluster | undefined> {
  const { liveCluster, permits } = source;
  const complete = readValidPermits(permits).then(() => liveCluster.ready);
  if (!(await resolvesWithin(complete, FIRST_LISTS_TIMEOUT_MS, signal))) return undefined;
  return readLiveCluster(liveCluster, await readValidPermits(permits));
}

/** Resolves with whether the first lists and the permits were read in time. */
export function isCompleteInTime({ liveCluster, permits }: ClusterSource, signal: AbortSignal): Promise<boolean> {
  return resolvesWithin(Promise.all([liveCluster.ready, permits.ready]), FIRST_LISTS_TIMEOUT_MS, signal);
}

/** Returns a cluster without watches, such as one from manifests. */
export function collectOnce(cluster: Cluster, permits: Permits): CollectedCluster {
  return { cluster, permits, collectReferences: async () => undefined };
}

async function readValidPermits(source: PermitsSource): Promise<Permits> {
  await source.ready;
  const { permits, problem } = source.read() ?? {};
  if (!permits || problem !== undefined) throw new Error(`permits are invalid: ${problem}`);
  return permits;
}

function readLiveCluster(liveCluster: LiveCluster, permits: Permits): CollectedCluster | undefined {
  const observedCluster = liveCluster.read();
  return (
    observedCluster && {
      cluster: observedCluster.cluster,
      permits,
      async collectReferences(references) {
        const hasNewReference = await liveCluster.watchReferences(references);
        return hasNewReference ? readLiveCluster(liveCluster, permits) : undefined;
      },
    }
  );
}
