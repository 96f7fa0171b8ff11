import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Reason, reasons } from "../compile/diagnostic.ts";

export const OUTCOMES = ["published", "unchanged", "held", "failed"] as const;
/** What a round came to. */
export type Outcome = (typeof OUTCOMES)[number];

const WATCHED = ["ingresses", "ingressclasses", "services", "secrets", "configmaps"];
const ROUND_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120];

/** Every metric of the sync job, and what it means; those of the process (`process_…`, `nodejs_…`) aside. */
export const METRICS = {
  edgress_rounds_total: "Rounds, by what they came to.",
  edgress_round_duration_seconds: "How long rounds took, from a cluster to its report, in seconds.",
  edgress_objects: "Objects in the cluster as it was last seen, by kind.",
  edgress_hosts: "Hosts in the rules of the last round.",
  edgress_routes: "Routes in the rules of the last round.",
  edgress_diagnostics: "Diagnostics of the last round, by reason.",
  edgress_kv_writes_total: "Keys written to Workers KV.",
  edgress_kv_written_bytes_total: "Bytes written to Workers KV.",
  edgress_generation: "The generation that was last seen published.",
  edgress_last_success_timestamp_seconds:
    "When a round of this replica last succeeded, in seconds since 1970; absent before the first.",
  edgress_quarantined_ingresses: "Ingresses that no longer compile and keep their last good rules.",
  edgress_held_back_routes: "Routes whose removal waits for approval.",
  edgress_leader: "1 where this replica holds the Lease and writes, else 0.",
  edgress_watch_failures_total: "Lists and watches of the Kubernetes API that failed and were begun anew, by resource.",
  edgress_report_failures_total: "Events and statuses that could not be written.",
} as const;

/** Their names, for what is built upon them. */
export const METRIC_NAMES: readonly (keyof typeof METRICS)[] = Object.keys(METRICS) as (keyof typeof METRICS)[]; // keys of a literal

/** What the gauges show of a round. */
export interface Measured {
  readonly objects: Readonly<Record<string, number>>; // by kind
  readonly hosts: number;
  readonly routes: number;
  readonly diagnostics: readonly { readonly reason: Reason }[];
  readonly quarantined: number;
  readonly heldBackRoutes: number;
}

/** The sync job's metrics, as the loop tells them. */
export interface Metrics {
  round(outcome: Outcome, seconds: number): void;
  show(measured: Measured): void;
  wrote(written: { readonly writes: number; readonly bytes: number }): void;
  generation(generation: number): void;
  succeeded(at: Date): void;
  leading(isLeader: boolean): void;
  /** `resource` as the API names it: "ingresses". */
  watchFailed(resource: string): void;
  reportFailed(count: number): void;
  /** Everything as Prometheus reads it, and its media type. */
  exposition(): Promise<{ readonly type: string; readonly text: string }>;
}

/** Metrics in a registry of their own. Counters begin at zero, so that an increase from nothing shows. */
export function startMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const rounds = counter(registry, "edgress_rounds_total", ["outcome"]);
  for (const outcome of OUTCOMES) rounds.inc({ outcome }, 0);
  const durations = new Histogram({ ...named(registry, "edgress_round_duration_seconds"), buckets: ROUND_SECONDS });
  const writes = counter(registry, "edgress_kv_writes_total");
  const bytes = counter(registry, "edgress_kv_written_bytes_total");
  const generation = gauge(registry, "edgress_generation");
  const lastSuccess = gauge(registry, "edgress_last_success_timestamp_seconds");
  lastSuccess.remove(); // until there is one: zero would be in 1970
  const leader = gauge(registry, "edgress_leader");
  const watchFailures = counter(registry, "edgress_watch_failures_total", ["resource"]);
  for (const resource of WATCHED) watchFailures.inc({ resource }, 0);
  const reportFailures = counter(registry, "edgress_report_failures_total");

  return {
    round(outcome, seconds) {
      rounds.inc({ outcome });
      durations.observe(seconds);
    },
    show: gaugesOf(registry),
    wrote(written) {
      writes.inc(written.writes);
      bytes.inc(written.bytes);
    },
    generation: (number) => generation.set(number),
    succeeded: (at) => lastSuccess.set(at.getTime() / 1000),
    leading: (isLeader) => leader.set(isLeader ? 1 : 0),
    watchFailed: (resource) => watchFailures.inc({ resource }),
    reportFailed: (count) => reportFailures.inc(count),
    exposition: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

function gaugesOf(registry: Registry): (measured: Measured) => void {
  const objects = gauge(registry, "edgress_objects", ["kind"]);
  const hosts = gauge(registry, "edgress_hosts");
  const routes = gauge(registry, "edgress_routes");
  const diagnostics = gauge(registry, "edgress_diagnostics", ["reason", "severity"]);
  const quarantined = gauge(registry, "edgress_quarantined_ingresses");
  const heldBack = gauge(registry, "edgress_held_back_routes");
  return (measured) => {
    objects.reset();
    for (const [kind, count] of Object.entries(measured.objects)) objects.set({ kind }, count);
    hosts.set(measured.hosts);
    routes.set(measured.routes);
    // A reason that is gone goes back to zero; a series that ended would leave alerts to guess.
    const counts = Map.groupBy(measured.diagnostics, ({ reason }) => reason);
    for (const [reason, { severity }] of Object.entries(reasons))
      diagnostics.set({ reason, severity }, counts.get(reason as Reason)?.length ?? 0); // keys of a literal
    quarantined.set(measured.quarantined);
    heldBack.set(measured.heldBackRoutes);
  };
}

function named<N extends keyof typeof METRICS>(registry: Registry, name: N) {
  return { name, help: METRICS[name], registers: [registry] };
}

function counter<L extends string = never>(registry: Registry, name: keyof typeof METRICS, labelNames: L[] = []) {
  return new Counter<L>({ ...named(registry, name), labelNames });
}

function gauge<L extends string = never>(registry: Registry, name: keyof typeof METRICS, labelNames: L[] = []) {
  return new Gauge<L>({ ...named(registry, name), labelNames });
}
