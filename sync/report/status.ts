import { isIP } from "node:net";
import type { Api } from "../kubernetes/api.ts";
import { onceEach } from "../once-each.ts";
import { type Reporting, type Written, writeAll } from "./writing.ts";

/** Says since which generation an Ingress's present rules are live. */
export const LIVE_GENERATION = "edgress.dev/live-generation";

/** An entry of `status.loadBalancer.ingress`. */
export interface LoadBalancerEntry {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** What the API server shows of an Ingress. */
export interface ShownStatus {
  readonly resourceVersion: string;
  readonly loadBalancer: readonly LoadBalancerEntry[];
  /** The annotation `edgress.dev/live-generation`. */
  readonly liveGeneration: string | undefined;
}

/** What is true of an Ingress: live since a generation, another controller's by now, or ours with nothing of it live. */
export type WantedStatus = { readonly generation: number } | "not ours" | "not served";

/** A JSON merge patch of an Ingress's status subresource; null removes. */
export interface StatusPatch {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: { readonly [LIVE_GENERATION]: string | null };
  };
  readonly status?: { readonly loadBalancer: { readonly ingress: readonly LoadBalancerEntry[] | null } };
}

/**
 * What to change of what is shown; undefined: nothing. `addresses` are the edge's host names or IP addresses; with none,
 * the load balancer's status is left alone. What has no annotation of ours never was ours, and is never cleared; nor is
 * a load balancer's status that another controller has written by now.
 */
export function statusPatch(
  shown: ShownStatus,
  wanted: WantedStatus,
  addresses: readonly string[],
): StatusPatch | undefined {
  const ours = entriesOf(addresses);
  const isShown = keysOf(shown.loadBalancer) === keysOf(ours);
  if (typeof wanted !== "string") {
    const generation = String(wanted.generation);
    const entries = ours.length === 0 || isShown ? undefined : ours;
    return patchOf(shown, generation === shown.liveGeneration ? undefined : generation, entries);
  }
  if (shown.liveGeneration === undefined) return undefined;
  return patchOf(shown, null, ours.length > 0 && isShown ? null : undefined);
}

/** A patch; of what is undefined nothing changes. */
function patchOf(
  { resourceVersion }: ShownStatus,
  generation: string | null | undefined,
  ingress: readonly LoadBalancerEntry[] | null | undefined,
): StatusPatch | undefined {
  if (generation === undefined && ingress === undefined) return undefined;
  return {
    metadata: {
      resourceVersion,
      ...(generation === undefined ? {} : { annotations: { [LIVE_GENERATION]: generation } }),
    },
    ...(ingress === undefined ? {} : { status: { loadBalancer: { ingress } } }),
  };
}

const entriesOf = onceEach((addresses: readonly string[]): LoadBalancerEntry[] =>
  [...new Set(addresses)].map((address) => (isIP(address) ? { ip: address } : { hostname: address })),
);

/** The same for the same entries in whatever order. */
const keysOf = onceEach((entries: readonly LoadBalancerEntry[]) =>
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
export function reportStatuses(writes: readonly StatusWrite[], reporting: Reporting): Promise<Written<StatusWrite>> {
  return writeAll(
    writes,
    {
      nameOf: ({ namespace, name }) => `the status of Ingress ${namespace}/${name}`,
      write: writeStatus,
      isNeedless: ({ status }) => status === 404 || status === 409,
    },
    reporting,
  );
}

/** An Ingress as the API server shows it now. */
export type ShownIngress = Omit<StatusWrite, "patch"> &
  Pick<ShownStatus, "resourceVersion"> & {
    readonly shown: Omit<ShownStatus, "resourceVersion">;
  };

/**
 * Clears the statuses of Ingresses ("namespace/name") that were ours and are out of sight. It never rejects. One that is
 * gone, or must not be looked at, counts as needless.
 */
export function clearStatuses(
  ids: readonly string[],
  lookAt: (id: string) => Promise<ShownIngress>,
  addresses: readonly string[],
  reporting: Reporting,
): Promise<Written<string>> {
  return writeAll(
    ids,
    {
      nameOf: (id) => `the status of Ingress ${id}`,
      async write(api, id) {
        const { shown, resourceVersion, ...named } = await lookAt(id);
        const patch = statusPatch({ resourceVersion, ...shown }, "not ours", addresses);
        if (patch) await writeStatus(api, { ...named, patch });
      },
      isNeedless: ({ status }) => status === 404 || status === 403,
    },
    reporting,
  );
}

function writeStatus(api: Api, { apiVersion, namespace, name, patch }: StatusWrite): Promise<unknown> {
  return api.patch(`/apis/${apiVersion}/namespaces/${namespace}/ingresses/${name}/status`, patch);
}
