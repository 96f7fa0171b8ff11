import type { KubernetesClient } from "../kubernetes/client.ts";
import { describeProblem } from "../kubernetes/errors.ts";
import { sleep } from "../runtime/sleep.ts";
import { GATEWAY_COLLECTIONS } from "./gateway/watch-gateway-objects.ts";
import { type LiveCluster, type WatchScope, watchCluster } from "./live-cluster.ts";

/** References, grants and the Gateway API are optional: without permission, the cluster is read without them. */
const OPTIONAL_RESOURCES = ["references", "referencegrants", ...GATEWAY_COLLECTIONS];

/**
 * Opens a cluster for a command that reads it once. Resolves when all first lists are complete. Rejects at the first
 * failure, without a retry.
 */
export async function openCluster(api: KubernetesClient, scope: WatchScope, signal: AbortSignal): Promise<LiveCluster> {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const listener = {
    onChange: () => {},
    onAnswer: () => {},
    onError(resource: string, error: Error) {
      if (!OPTIONAL_RESOURCES.includes(resource)) failure.reject(error);
    },
  };
  try {
    const cluster = await watchCluster(api, scope, listener, sleep, signal);
    await Promise.race([cluster.ready, failure.promise]);
    return cluster;
  } catch (error) {
    throw new Error(`cluster is not readable: ${describeProblem(error as Error)}`);
  }
}
