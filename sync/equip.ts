import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { follow } from "./collect/collection.ts";
import { liveCluster } from "./collect/live-cluster.ts";
import { permitsSource, type Written } from "./collect/permits-source.ts";
import { inspector } from "./compile/backtracking.ts";
import { newMemory } from "./compile/memory.ts";
import type { Options } from "./compile/options.ts";
import { DEFAULT_PERMITS } from "./compile/permits.ts";
import type { Job } from "./job.ts";
import { type Api, ApiError } from "./kubernetes/api.ts";
import type { Pause } from "./kubernetes/changes.ts";
import { clusterUid } from "./kubernetes/cluster-uid.ts";
import { CONFIG_MAPS } from "./kubernetes/resources.ts";
import type { Leadership } from "./lead/lead.ts";
import { originRecords } from "./publish/origin-records.ts";
import { HELD_BACK, HeldBack } from "./report/held-back.ts";
import type { Logger } from "./report/log.ts";
import type { Metrics } from "./report/metrics.ts";

/** What `edgress sync` is told, whichever way it runs. */
export interface SyncOptions extends Omit<Options, "zones" | "inspect" | "seal" | "permits" | "namespace"> {
  readonly watchNamespace: readonly string[];
  readonly selector: string;
  readonly policy: Written;
  readonly allowMassDeletion: boolean;
  readonly mostHostsRemoved: number;
  readonly publishStatusAddress: readonly string[];
  readonly takeOver: boolean;
}

export interface Place {
  readonly api: Api;
  /** Where the Lease and the sync job's own ConfigMaps lie. */
  readonly namespace: string;
  /** Who this is, for Events: the Pod. */
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly account: Account;
}

export interface Listener {
  /** Something has changed that makes a round worthwhile. */
  readonly changed: () => void;
  /** The API server no longer serves what was followed: only a new start finds out what it does serve. */
  readonly outgrown: (problem: string) => void;
}

/** Waits so many ms, or until aborted. */
export const pause: Pause = (ms, ended) => sleep(ms, undefined, { signal: ended }).catch(() => {}); // only ever aborted

/**
 * Begins to follow a cluster, and has ready what rounds need. Rejects where the API server does not say who it is.
 */
export async function equip(
  options: SyncOptions,
  { api, namespace, instance, log, metrics, account }: Place,
  leadership: Pick<Leadership, "standing" | "check">,
  { changed, outgrown }: Listener,
  ended: AbortSignal,
): Promise<Job> {
  const cluster = await clusterUid(api);
  const failed = (resource: string, error: Error) => {
    metrics.watchFailed(resource);
    log.warn({ resource }, `watching ${resource} failed: ${error.message}; what is known of them still counts`);
    if (resource === "ingresses" && error instanceof ApiError && error.status === 404) outgrown(error.message);
  };
  const live = await liveCluster(api, options, { changed, failed }, pause, ended);
  const { ingressClass, controller, watchIngressWithoutClass, allowedResponseHeaders } = options;
  return {
    api,
    live,
    account,
    records: originRecords(account.dns, () => performance.now()),
    options: {
      ingressClass,
      controller,
      watchIngressWithoutClass,
      allowedResponseHeaders,
      namespace,
      inspect: inspector(),
    },
    memory: newMemory(),
    cluster,
    takeOver: options.takeOver,
    limits: { mostHosts: options.mostHostsRemoved, allowMassDeletion: options.allowMassDeletion },
    leadership,
    permits: permitsSource(options.policy, DEFAULT_PERMITS, api, changed, pause, ended),
    heldBack: heldBackIn(api, namespace, changed, (error) => failed("configmaps", error), ended),
    log,
    metrics,
    addresses: options.publishStatusAddress,
    instance,
    namespace,
  };
}

/** What the ConfigMap of held back rounds says, kept in step with it. */
function heldBackIn(
  api: Api,
  namespace: string,
  changed: () => void,
  failed: (error: Error) => void,
  ended: AbortSignal,
): () => HeldBack | undefined {
  const scope = { namespace, query: { fieldSelector: `metadata.name=${HELD_BACK}` } };
  const collection = follow(api, CONFIG_MAPS, scope, { changed, failed }, pause, ended);
  return () => {
    const read = collection.kept()?.[0]?.read;
    return read?.kind === "ConfigMap" ? HeldBack.safeParse(read.object.data).data : undefined;
  };
}
