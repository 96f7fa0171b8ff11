import Cloudflare from "cloudflare";
import type { Ingress } from "../../collect/cluster-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import type { CachedObject } from "../../collect/watched-collection.ts";
import { readGateways } from "../../compile/gateway/read-gateways.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { ApiError } from "../../kubernetes/client.ts";
import { PublishConflictError } from "../../publish/guard/write-fence.ts";
import type { EventHistory } from "../../report/events.ts";
import { hasRouteStatus } from "../../report/gateway/build-status.ts";
import { reportWaitingIngresses } from "../../report/waiting-events.ts";
import type { ControllerDependencies, LoopState } from "../loop-state.ts";

/** One failure is often gone with the first retry, after 2 s. */
const MIN_FAILURES = 2;
const REPORT_TIMEOUT_MS = 30_000;

/** Writes Events to the owners of Ingresses and HTTPRoutes that wait while syncs fail. It never rejects. */
export async function reportFailure(
  dependencies: ControllerDependencies,
  { eventHistory, syncedIngresses, syncedRoutes }: LoopState,
  error: unknown,
  failures: number,
): Promise<EventHistory> {
  const isKubernetesFailure = error instanceof ApiError; // then Events fail too
  if (dependencies.leadership.status().type !== "leader" || failures < MIN_FAILURES || isKubernetesFailure)
    return eventHistory;
  return await reportWaitingIngresses(
    [...findWaitingIngresses(dependencies, syncedIngresses), ...findWaitingRoutes(dependencies, syncedRoutes)],
    describeCause(error),
    eventHistory,
    { instance: dependencies.instance, now: new Date() },
    {
      api: dependencies.api,
      print: (line) => dependencies.log.warn(line),
      signal: AbortSignal.timeout(REPORT_TIMEOUT_MS),
    },
  );
}

/**
 * Returns our Ingresses that are new or have changed since the last successful sync of this process. Without one, those
 * that were never live.
 */
function findWaitingIngresses(
  { liveCluster, options }: ControllerDependencies,
  syncedIngresses: ReadonlyMap<string, Ingress> | undefined,
): CachedObject[] {
  const observed = liveCluster.read();
  if (!observed) return [];
  const selected = new Set(selectIngresses(observed.cluster, options));
  return observed.ingresses.filter(({ id, parsedObject, status }) => {
    if (parsedObject.kind !== "Ingress" || !selected.has(parsedObject.object)) return false;
    return syncedIngresses ? syncedIngresses.get(id) !== parsedObject.object : status.liveGeneration === undefined;
  });
}

/**
 * Returns our HTTPRoutes that are new or have changed since the last successful sync of this process. Without one, those
 * without a status of edgress for their generation.
 */
function findWaitingRoutes(
  { liveCluster, options: { controller } }: ControllerDependencies,
  syncedRoutes: readonly HttpRoute[] | undefined,
): CachedObject[] {
  const observed = liveCluster.read();
  if (!observed || observed.cluster.gateway.httpRoutes.length === 0) return [];
  const { routes } = readGateways(observed.cluster, { controller, zones: [] });
  const ownRoutes = new Set(routes.map(({ route }) => route));
  const synced = syncedRoutes && new Set(syncedRoutes);
  return observed.gatewayObjects.filter(({ parsedObject, gatewayFields }) => {
    if (parsedObject.kind !== "HTTPRoute" || !ownRoutes.has(parsedObject.object)) return false;
    if (synced) return !synced.has(parsedObject.object);
    return !hasRouteStatus(gatewayFields?.status, controller, parsedObject.object.generation);
  });
}

/** Describes a failure to owners. Messages of other systems can name objects of other namespaces, so they are left out. */
function describeCause(error: unknown): string {
  if (error instanceof PublishConflictError) return "another controller publishes to the same KV namespace";
  const apiError = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(apiError instanceof Cloudflare.APIError)) return "the log of the controller names the cause";
  return apiError.status === undefined
    ? "Cloudflare's API does not answer"
    : `Cloudflare's API answers ${apiError.status}`;
}
