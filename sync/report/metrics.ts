import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { diagnosticReasons, type Reason } from "../compile/diagnostics.ts";

export const SYNC_RESULTS = ["published", "unchanged", "blocked", "failed"] as const;
/** What a round came to. */
export type SyncResultLabel = (typeof SYNC_RESULTS)[number];

const WATCHED_RESOURCES = ["ingresses", "ingressclasses", "services", "secrets", "configmaps"];
const SYNC_DURATION_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120];

/** Every metric of the sync job, and what it means; those of the process (`process_…`, `nodejs_…`) aside. */
export const METRICS = {
  edgress_syncs_total: "Rounds, by what they came to.",
  edgress_sync_duration_seconds: "How long rounds took, from a cluster to its report, in seconds.",
  edgress_cluster_objects: "Objects in the cluster as it was last seen, by kind.",
  edgress_hosts: "Hosts in the rules of the last round.",
  edgress_routes: "Routes in the rules of the last round.",
  edgress_diagnostics: "Diagnostics of the last round, by reason.",
  edgress_kv_writes_total: "Keys written to Workers KV.",
  edgress_kv_written_bytes_total: "Bytes written to Workers KV.",
  edgress_published_generation: "The generation that was last seen published.",
  edgress_last_successful_sync_timestamp_seconds:
    "When a round of this replica last succeeded, in seconds since 1970; absent before the first.",
  edgress_last_good_ingresses: "Ingresses that no longer compile and keep their last good rules.",
  edgress_blocked_route_removals: "Routes whose removal waits for approval.",
  edgress_leader: "1 where this replica holds the Lease and writes, else 0.",
  edgress_watch_failures_total: "Lists and watches of the Kubernetes API that failed and were begun anew, by resource.",
  edgress_kubernetes_write_failures_total: "Events and statuses that could not be written.",
} as const;

/** Their names, for what is built upon them. */
export const METRIC_NAMES: readonly (keyof typeof METRICS)[] = Object.keys(METRICS) as (keyof typeof METRICS)[]; // keys of a literal

/** What the gauges show of a round. */
export interface SyncGauges {
  readonly objects: Readonly<Record<string, number>>; // by kind
  readonly hosts: number;
  readonly routes: number;
  readonly diagnostics: readonly { readonly reason: Reason }[];
  readonly lastGoodIngresses: number;
  readonly blockedRouteRemovals: number;
}

/** The sync job's metrics, as the loop tells them. */
export interface Metrics {
  recordSync(result: SyncResultLabel, seconds: number): void;
  setGauges(gauges: SyncGauges): void;
  recordWrites(counts: { readonly writes: number; readonly bytes: number }): void;
  setGeneration(generation: number): void;
  recordSuccess(at: Date): void;
  setLeader(isLeader: boolean): void;
  /** `resource` as the API names it: "ingresses". */
  recordWatchFailure(resource: string): void;
  recordWriteFailures(count: number): void;
  /** Everything as Prometheus reads it, and its media type. */
  render(): Promise<{ readonly type: string; readonly text: string }>;
}

/** Metrics in a registry of their own. Counters begin at zero, so that an increase from nothing shows. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const syncs = createCounter(registry, "edgress_syncs_total", ["result"]);
  for (const result of SYNC_RESULTS) syncs.inc({ result }, 0);
  const durations = new Histogram({
    ...buildMetricOptions(registry, "edgress_sync_duration_seconds"),
    buckets: SYNC_DURATION_BUCKETS_SECONDS,
  });
  const writes = createCounter(registry, "edgress_kv_writes_total");
  const bytes = createCounter(registry, "edgress_kv_written_bytes_total");
  const generation = createGauge(registry, "edgress_published_generation");
  const lastSuccess = createGauge(registry, "edgress_last_successful_sync_timestamp_seconds");
  lastSuccess.remove(); // until there is one: zero would be in 1970
  const leader = createGauge(registry, "edgress_leader");
  const watchFailures = createCounter(registry, "edgress_watch_failures_total", ["resource"]);
  for (const resource of WATCHED_RESOURCES) watchFailures.inc({ resource }, 0);
  const reportFailures = createCounter(registry, "edgress_kubernetes_write_failures_total");

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
    recordSuccess: (at) => lastSuccess.set(at.getTime() / 1000),
    setLeader: (isLeader) => leader.set(isLeader ? 1 : 0),
    recordWatchFailure: (resource) => watchFailures.inc({ resource }),
    recordWriteFailures: (count) => reportFailures.inc(count),
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

function createGaugeSetter(registry: Registry): (gauges: SyncGauges) => void {
  const objects = createGauge(registry, "edgress_cluster_objects", ["kind"]);
  const hosts = createGauge(registry, "edgress_hosts");
  const routes = createGauge(registry, "edgress_routes");
  const diagnostics = createGauge(registry, "edgress_diagnostics", ["reason", "severity"]);
  const lastGoodIngresses = createGauge(registry, "edgress_last_good_ingresses");
  const blockedRouteRemovals = createGauge(registry, "edgress_blocked_route_removals");
  return (gauges) => {
    objects.reset();
    for (const [kind, count] of Object.entries(gauges.objects)) objects.set({ kind }, count);
    hosts.set(gauges.hosts);
    routes.set(gauges.routes);
    // A reason that is gone goes back to zero; a series that ended would leave alerts to guess.
    const counts = Map.groupBy(gauges.diagnostics, ({ reason }) => reason);
    for (const [reason, { severity }] of Object.entries(diagnosticReasons))
      diagnostics.set({ reason, severity }, counts.get(reason as Reason)?.length ?? 0); // keys of a literal
    lastGoodIngresses.set(gauges.lastGoodIngresses);
    blockedRouteRemovals.set(gauges.blockedRouteRemovals);
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
