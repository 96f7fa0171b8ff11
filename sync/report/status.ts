import { isIP } from "node:net";
import { LIVE_GENERATION_ANNOTATION } from "../collect/annotation-names.ts";
import { memoize } from "../incremental/memoize.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { type WriteResult, type WriterOptions, writeAll } from "./parallel-writer.ts";

/** An entry of `status.loadBalancer.ingress`. */
export interface LoadBalancerIngress {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** What the API server shows of an Ingress. */
export interface CurrentStatus {
  readonly resourceVersion: string;
  readonly loadBalancer: readonly LoadBalancerIngress[];
  /** The annotation `edgress.dev/live-generation`. */
  readonly liveGeneration: string | undefined;
}

/** What is true of an Ingress: live since a generation, another controller's by now, or ours with nothing of it live. */
export type DesiredStatus = { readonly generation: number } | "not-owned" | "not-served";

/** A JSON merge patch of an Ingress's status subresource; null removes. */
export interface StatusPatch {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: { readonly [LIVE_GENERATION_ANNOTATION]: string | null };
  };
  readonly status?: { readonly loadBalancer: { readonly ingress: readonly LoadBalancerIngress[] | null } };
}

/**
 * What to change of what is shown; undefined: nothing. `addresses` are the edge's host names or IP addresses; with none,
 * the load balancer's status is left alone. What has no annotation of ours never was ours, and is never cleared; nor is
 * a load balancer's status that another controller has written by now.
 */
export function buildStatusPatch(
  status: CurrentStatus,
  desiredStatus: DesiredStatus,
  addresses: readonly string[],
): StatusPatch | undefined {
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

/** A patch; of what is undefined nothing changes. */
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

/** The same for the same entries in whatever order. */
const formatEntriesKey = memoize((entries: readonly LoadBalancerIngress[]) =>
  JSON.stringify(entries.map(({ ip = "", hostname = "" }) => `${ip} ${hostname}`).toSorted()),
);

/** A patch and the Ingress it is for, in an API version that the server still serves ("networking.k8s.io/v1"). */
export interface StatusWrite {
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly patch: StatusPatch;
}

/**
 * Writes statuses, some at a time; it never rejects. An Ingress that is gone, or newer than the patch, counts as
 * needless: the change that made it so brings a round of its own.
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

/** An Ingress as the API server shows it now. */
export type IngressWithStatus = Omit<StatusWrite, "patch"> &
  Pick<CurrentStatus, "resourceVersion"> & {
    readonly status: Omit<CurrentStatus, "resourceVersion">;
  };

/**
 * Clears the statuses of Ingresses ("namespace/name") that were ours and are out of sight. It never rejects. One that is
 * gone, or must not be looked at, counts as needless.
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
      async write(api, id) {
        const { status, resourceVersion, ...target } = await fetchIngress(id);
        const patch = buildStatusPatch({ resourceVersion, ...status }, "not-owned", addresses);
        if (patch) await writeStatus(api, { ...target, patch });
      },
      canSkip: ({ status }) => status === 404 || status === 403,
    },
    options,
  );
}

function writeStatus(api: KubernetesClient, { apiVersion, namespace, name, patch }: StatusWrite): Promise<unknown> {
  return api.patch(`/apis/${apiVersion}/namespaces/${namespace}/ingresses/${name}/status`, patch);
}
