import { isIP } from "node:net";
import { LIVE_GENERATION_ANNOTATION, type WRITTEN_ANNOTATIONS } from "../collect/annotation-names.ts";
import { memoize } from "../incremental/memoize.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { type WriteResult, type WriterOptions, writeAll } from "./parallel-writer.ts";

/** An entry of `status.loadBalancer.ingress`. */
export interface LoadBalancerIngress {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Status of an Ingress at the API server. */
export interface CurrentStatus {
  readonly resourceVersion: string;
  readonly loadBalancer: readonly LoadBalancerIngress[];
  /** The annotation `edgress.dev/live-generation`. */
  readonly liveGeneration: string | undefined;
}

/**
 * Target status: published since a generation, no longer owned by edgress, owned without published routes, or published
 * with routes that all return 503. The last one keeps its status.
 */
export type DesiredStatus = { readonly generation: number } | "not-owned" | "not-served" | "closed";

/** A JSON merge patch of an Ingress's status subresource; null removes. */
export interface StatusPatch {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: { readonly [name in (typeof WRITTEN_ANNOTATIONS)[number]]?: string | null };
  };
  readonly status?: { readonly loadBalancer: { readonly ingress: readonly LoadBalancerIngress[] | null } };
}

/**
 * Returns the patch from `status` to `desiredStatus`, or undefined if they are equal. `addresses` are host names or IP
 * addresses of the edge; without any, the load balancer status is not changed. An Ingress without our annotation is never
 * cleared. A load balancer status written by another controller is never cleared either.
 */
export function buildStatusPatch(
  status: CurrentStatus,
  desiredStatus: DesiredStatus,
  addresses: readonly string[],
): StatusPatch | undefined {
  if (desiredStatus === "closed") return undefined;
  const edgeEntries = buildEntries(addresses);
  const isPublished = formatEntriesKey(status.loadBalancer) === formatEntriesKey(edgeEntries);
  if (typeof desiredStatus !== "string") {
    const generation = String(desiredStatus.generation);
    const entries = edgeEntries.length === 0 || isPublished ? undefined : edgeEntries;
    return buildPatch(status, generation === status.liveGeneration ? undefined : generation, entries);
  }
  if (status.liveGeneration === undefined) return undefined;
  return buildPatch(status, null, edgeEntries.length > 0 && isPublished ? null : undefined);
}

/** Builds a patch. Undefined values are not changed. */
function buildPatch(
  { resourceVersion }: CurrentStatus,
  generation: string | null | undefined,
  ingress: readonly LoadBalancerIngress[] | null | undefined,
): StatusPatch | undefined {
  if (generation === undefined && ingress === undefined) return undefined;
  return {
    metadata: {
      resourceVersion,
      ...(generation === undefined ? {} : { annotations: { [LIVE_GENERATION_ANNOTATION]: generation } }),
    },
    ...(ingress === undefined ? {} : { status: { loadBalancer: { ingress } } }),
  };
}

const buildEntries = memoize((addresses: readonly string[]): LoadBalancerIngress[] =>
  [...new Set(addresses)].map((address) => (isIP(address) ? { ip: address } : { hostname: address })),
);

/** Returns the same key for the same entries in any order. */
const formatEntriesKey = memoize((entries: readonly LoadBalancerIngress[]) =>
  JSON.stringify(entries.map(({ ip = "", hostname = "" }) => `${ip} ${hostname}`).toSorted()),
);

/** A patch and its Ingress, in an API version that the API server supports ("networking.k8s.io/v1"). */
export interface StatusWrite {
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly patch: StatusPatch;
}

/**
 * Writes statuses in parallel. It never rejects. An Ingress that was deleted, or is newer than the patch, is skipped,
 * because its change causes another sync.
 */
export function reportStatuses(
  writes: readonly StatusWrite[],
  options: WriterOptions,
): Promise<WriteResult<StatusWrite>> {
  return writeAll(
    writes,
    {
      describe: ({ namespace, name }) => `the status of Ingress ${namespace}/${name}`,
      write: writeStatus,
      canSkip: ({ status }) => status === 404 || status === 409,
    },
    options,
  );
}

/** An Ingress and its current status at the API server. */
export type IngressWithStatus = Omit<StatusWrite, "patch"> &
  Pick<CurrentStatus, "resourceVersion"> & {
    readonly status: Omit<CurrentStatus, "resourceVersion">;
  };

/**
 * Clears the statuses of formerly owned Ingresses ("namespace/name") outside the watched scope. It never rejects. An
 * Ingress that was deleted, or that may not be read, is skipped.
 */
export function clearStatuses(
  ids: readonly string[],
  fetchIngress: (id: string) => Promise<IngressWithStatus>,
  addresses: readonly string[],
  options: WriterOptions,
): Promise<WriteResult<string>> {
  return writeAll(
    ids,
    {
      describe: (id) => `the status of Ingress ${id}`,
      async write(api, id, signal) {
        const { status, resourceVersion, ...target } = await fetchIngress(id);
        const patch = buildStatusPatch({ resourceVersion, ...status }, "not-owned", addresses);
        if (patch) await writeStatus(api, { ...target, patch }, signal);
      },
      canSkip: ({ status }) => status === 404 || status === 403,
    },
    options,
  );
}

function writeStatus(
  api: KubernetesClient,
  { apiVersion, namespace, name, patch }: StatusWrite,
  signal: AbortSignal,
): Promise<unknown> {
  return api.patch(`/apis/${apiVersion}/namespaces/${namespace}/ingresses/${name}/status`, patch, signal);
}
