import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import packageJson from "../../package.json" with { type: "json" };
import { diagnosticReasons, type Reason } from "../compile/diagnostic-reasons.ts";
import type { Selection } from "../compile/select/ingress-class.ts";

export const SYNC_RESULTS = ["published", "unchanged", "staged", "aborted", "pinned", "blocked", "failed"] as const;
/** Result of a sync. */
export type SyncResultLabel = (typeof SYNC_RESULTS)[number];

const WATCHED_RESOURCES = [
  ...["ingresses", "ingressclasses", "services", "secrets", "configmaps"],
  ...["gatewayclasses", "gateways", "listenersets", "httproutes", "referencegrants"],
];
const SYNC_DURATION_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120];
const PROPAGATION_BUCKETS_SECONDS = [1, 5, 10, 20, 30, 45, 60, 90, 120, 300, 600];

/** Help text of every metric, except those of the process (`process_…`, `nodejs_…`). */
export const METRICS = {
  edgress_build_info: "Always 1. The label is the version of edgress.",
  edgress_syncs_total: "Syncs, by result.",
  edgress_sync_duration_seconds: "Duration of a sync in seconds, reports included.",
  edgress_cluster_objects: "Kubernetes objects in the last sync, by kind.",
  edgress_ingresses: "Ingresses in the last sync, by selection: selected, other-class, other-controller or no-class.",
  edgress_hosts: "Hosts in the rules of the last sync.",
  edgress_routes: "Routes in the rules of the last sync.",
  edgress_diagnostics: "Diagnostics of the last sync, by reason and severity.",
  edgress_kv_writes_total: "Keys written to Workers KV.",
  edgress_kv_written_bytes_total: "Bytes written to Workers KV.",
  edgress_published_generation: "Generation of the published snapshot.",
  edgress_pinned_generation: "Generation that a rollback pinned. 0 if none is.",
  edgress_rollout_share: "Percent of clients that get the candidate of a staged roll-out. 0 without one.",
  edgress_aborted_candidate:
    "1 if the rules of the cluster are not published, because their roll-out was aborted, else 0.",
  edgress_edge_generation: "Generation that the edge at --edge-url serves. Absent without --edge-url.",
  edgress_propagation_seconds: "Seconds from a publication until the edge at --edge-url serves it.",
  edgress_last_successful_sync_timestamp_seconds:
    "Unix time of this replica's last successful sync. Absent before the first one.",
  edgress_last_good_ingresses: "Ingresses with errors that are served with their last good rules.",
  edgress_blocked_route_removals: "Route removals that are blocked until approved.",
  edgress_leader: "1 if this replica is the leader, else 0.",
  edgress_watch_failures_total: "Failed list and watch requests to the Kubernetes API, by resource.",
  edgress_kubernetes_write_failures_total: "Failed writes of Events, statuses and finalizers of GatewayClasses.",
} as const;

/** Names of all metrics, for tests of the alerts and the dashboard. */
export const METRIC_NAMES: readonly (keyof typeof METRICS)[] = Object.keys(METRICS) as (keyof typeof METRICS)[]; // keys of a literal

/** Gauge values of a sync. */
export interface SyncGauges {
  readonly objects: Readonly<Record<string, number>>; // by kind
  readonly ingresses: Readonly<Record<Selection, number>>;
  readonly hosts: number;
  readonly routes: number;
  readonly diagnostics: readonly { readonly reason: Reason }[];
  readonly lastGoodIngresses: number;
  readonly blockedRouteRemovals: number;
  readonly pinnedGeneration: number;
  readonly rolloutShare: number;
  readonly isCandidateAborted: boolean;
}

/** Metrics of the controller. */
export interface Metrics {
  recordSync(result: SyncResultLabel, seconds: number): void;
  setGauges(gauges: SyncGauges): void;
  recordWrites(counts: { readonly writes: number; readonly bytes: number }): void;
  setGeneration(generation: number): void;
  setEdgeGeneration(generation: number): void;
  observePropagation(seconds: number): void;
  recordSuccess(at: Date): void;
  setLeader(isLeader: boolean): void;
  /** Counts a failed list or watch of a resource: "ingresses". */
  recordWatchFailure(resource: string): void;
  recordWriteFailures(count: number): void;
  /** Returns all metrics in the Prometheus text format, and their media type. */
  render(): Promise<{ readonly type: string; readonly text: string }>;
}

/** Creates metrics in a separate registry. Counters start at 0, so that Prometheus sees the first increase. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  createGauge(registry, "edgress_build_info", ["version"]).set({ version: packageJson.version }, 1);
  const syncs = createCounter(registry, "edgress_syncs_total", ["result"]);
  for (const result of SYNC_RESULTS) syncs.inc({ result }, 0);
  const durations = new Histogram({
    ...buildMetricOptions(registry, "edgress_sync_duration_seconds"),
    buckets: SYNC_DURATION_BUCKETS_SECONDS,
  });
  const writes = createCounter(registry, "edgress_kv_writes_total");
  const bytes = createCounter(registry, "edgress_kv_written_bytes_total");
  const generation = createGauge(registry, "edgress_published_generation");
  const edgeGeneration = createGauge(registry, "edgress_edge_generation");
  edgeGeneration.remove();
  const propagation = new Histogram({
    ...buildMetricOptions(registry, "edgress_propagation_seconds"),
    buckets: PROPAGATION_BUCKETS_SECONDS,
  });
  const lastSuccess = createGauge(registry, "edgress_last_successful_sync_timestamp_seconds");
  lastSuccess.remove(); // because 0 would mean 1970
  const leader = createGauge(registry, "edgress_leader");
  const watchFailures = createCounter(registry, "edgress_watch_failures_total", ["resource"]);
  for (const resource of WATCHED_RESOURCES) watchFailures.inc({ resource }, 0);
  const writeFailures = createCounter(registry, "edgress_kubernetes_write_failures_total");

  return {
    recordSync(result, seconds) {
      syncs.inc({ result });
      durations.observe(seconds);
    },
    setGauges: createGaugeSetter(registry),
    recordWrites(counts) {
      writes.inc(counts.writes);
      bytes.inc(counts.bytes);
    },
    setGeneration: (number) => generation.set(number),
    setEdgeGeneration: (number) => edgeGeneration.set(number),
    observePropagation: (seconds) => propagation.observe(seconds),
    recordSuccess: (at) => lastSuccess.set(at.getTime() / 1000),
    setLeader: (isLeader) => leader.set(isLeader ? 1 : 0),
    recordWatchFailure: (resource) => watchFailures.inc({ resource }),
    recordWriteFailures: (count) => writeFailures.inc(count),
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

function createGaugeSetter(registry: Registry): (gauges: SyncGauges) => void {
  const objects = createGauge(registry, "edgress_cluster_objects", ["kind"]);
  const ingresses = createGauge(registry, "edgress_ingresses", ["selection"]);
  const hosts = createGauge(registry, "edgress_hosts");
  const routes = createGauge(registry, "edgress_routes");
  const diagnostics = createGauge(registry, "edgress_diagnostics", ["reason", "severity"]);
  const lastGoodIngresses = createGauge(registry, "edgress_last_good_ingresses");
  const blockedRouteRemovals = createGauge(registry, "edgress_blocked_route_removals");
  const pinnedGeneration = createGauge(registry, "edgress_pinned_generation");
  const rolloutShare = createGauge(registry, "edgress_rollout_share");
  const abortedCandidate = createGauge(registry, "edgress_aborted_candidate");
  return (gauges) => {
    objects.reset();
    for (const [kind, count] of Object.entries(gauges.objects)) objects.set({ kind }, count);
    for (const [selection, count] of Object.entries(gauges.ingresses)) ingresses.set({ selection }, count);
    hosts.set(gauges.hosts);
    routes.set(gauges.routes);
    // A reason without diagnostics is set to 0, because alerts cannot compare a series that ended.
    const counts = Map.groupBy(gauges.diagnostics, ({ reason }) => reason);
    for (const [reason, { severity }] of Object.entries(diagnosticReasons))
      diagnostics.set({ reason, severity }, counts.get(reason as Reason)?.length ?? 0); // keys of a literal
    lastGoodIngresses.set(gauges.lastGoodIngresses);
    blockedRouteRemovals.set(gauges.blockedRouteRemovals);
    pinnedGeneration.set(gauges.pinnedGeneration);
    rolloutShare.set(gauges.rolloutShare);
    abortedCandidate.set(gauges.isCandidateAborted ? 1 : 0);
  };
}

function buildMetricOptions<N extends keyof typeof METRICS>(registry: Registry, name: N) {
  return { name, help: METRICS[name], registers: [registry] };
}

function createCounter<L extends string = never>(registry: Registry, name: keyof typeof METRICS, labelNames: L[] = []) {
  return new Counter<L>({ ...buildMetricOptions(registry, name), labelNames });
}

function createGauge<L extends string = never>(registry: Registry, name: keyof typeof METRICS, labelNames: L[] = []) {
  return new Gauge<L>({ ...buildMetricOptions(registry, name), labelNames });
}
