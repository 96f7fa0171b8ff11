import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { createMetrics, METRIC_NAMES, type Metrics } from "../../sync/report/metrics.ts";

const EMPTY_MEASUREMENTS = {
  objects: {},
  ingresses: { selected: 0, "other-class": 0, "other-controller": 0, "no-class": 0 },
  hosts: 0,
  routes: 0,
  diagnostics: [],
  lastGoodIngresses: 0,
  blockedRouteRemovals: 0,
  pinnedGeneration: 0,
  rolloutShare: 0,
  isCandidateAborted: false,
};

/** The samples whose names begin with `prefix`, as Prometheus reads them. */
async function readSamples(metrics: Metrics, prefix: string): Promise<string[]> {
  const { text } = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(prefix));
}

describe("the metrics", () => {
  test("The metrics are the documented ones and those of the process", async () => {
    const { text, type } = await createMetrics().render();
    const documentedNames = [...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name);
    assert.deepEqual(
      documentedNames.filter((name) => name?.startsWith("edgress_")).toSorted(),
      [...METRIC_NAMES].toSorted(),
    );
    assert.ok(
      documentedNames.includes("process_resident_memory_bytes") &&
        documentedNames.includes("nodejs_eventloop_lag_seconds"),
    );
    assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  });

  test("The metric edgress_build_info has the version", async () => {
    const samples = await readSamples(createMetrics(), "edgress_build_info");
    assert.deepEqual(samples, [`edgress_build_info{version="${packageJson.version}"} 1`]);
  });

  test("The counters of syncs start at 0 for each result", async () => {
    const metrics = createMetrics();
    metrics.recordSync("published", 0.2);
    metrics.recordSync("published", 0.3);
    metrics.recordSync("blocked", 20);
    assert.deepEqual(await readSamples(metrics, "edgress_syncs_total"), [
      'edgress_syncs_total{result="published"} 2',
      'edgress_syncs_total{result="unchanged"} 0',
      'edgress_syncs_total{result="staged"} 0',
      'edgress_syncs_total{result="aborted"} 0',
      'edgress_syncs_total{result="pinned"} 0',
      'edgress_syncs_total{result="blocked"} 1',
      'edgress_syncs_total{result="failed"} 0',
    ]);
    assert.deepEqual(await readSamples(metrics, "edgress_sync_duration_seconds_sum"), [
      "edgress_sync_duration_seconds_sum 20.5",
    ]);
  });

  test("The gauges show the last sync and no values of earlier ones", async () => {
    const metrics = createMetrics();
    const diagnostics = [{ reason: "PathConflict" }, { reason: "PathConflict" }] as const;
    metrics.setGauges({ ...EMPTY_MEASUREMENTS, objects: { Ingress: 3 }, routes: 7, diagnostics });
    metrics.setGauges({
      ...EMPTY_MEASUREMENTS,
      objects: { Service: 2 },
      hosts: 4,
      routes: 5,
      diagnostics: [{ reason: "PartiallySupported" }],
      lastGoodIngresses: 1,
      blockedRouteRemovals: 6,
    });
    assert.deepEqual(await readSamples(metrics, "edgress_cluster_objects"), [
      'edgress_cluster_objects{kind="Service"} 2',
    ]);
    assert.deepEqual(await readSamples(metrics, "edgress_hosts"), ["edgress_hosts 4"]);
    assert.deepEqual(await readSamples(metrics, "edgress_routes"), ["edgress_routes 5"]);
    assert.deepEqual(await readSamples(metrics, "edgress_last_good_ingresses"), ["edgress_last_good_ingresses 1"]);
    assert.deepEqual(await readSamples(metrics, "edgress_blocked_route_removals"), [
      "edgress_blocked_route_removals 6",
    ]);
    const diagnosticSamples = await readSamples(metrics, "edgress_diagnostics");
    assert.ok(diagnosticSamples.includes('edgress_diagnostics{reason="PathConflict",severity="warning"} 0'));
    assert.deepEqual(
      diagnosticSamples.filter((line) => !line.endsWith(" 0")),
      ['edgress_diagnostics{reason="PartiallySupported",severity="note"} 1'],
    );
  });

  test("The time of the last successful sync is absent before the first one", async () => {
    const metrics = createMetrics();
    assert.deepEqual(await readSamples(metrics, "edgress_last_success"), []);
    metrics.recordSuccess(new Date("2026-03-01T12:00:00.500Z"));
    assert.deepEqual(await readSamples(metrics, "edgress_last_success"), [
      "edgress_last_successful_sync_timestamp_seconds 1772366400.5",
    ]);
  });

  test("The metrics count writes and failures", async () => {
    const metrics = createMetrics();
    metrics.recordWrites({ writes: 3, bytes: 4096 });
    metrics.recordWrites({ writes: 2, bytes: 1024 });
    metrics.setGeneration(12);
    metrics.setLeader(true);
    metrics.recordWatchFailure("services");
    metrics.recordWriteFailures(4);
    const all = await readSamples(metrics, "edgress_");
    for (const line of [
      "edgress_kv_writes_total 5",
      "edgress_kv_written_bytes_total 5120",
      "edgress_published_generation 12",
      "edgress_leader 1",
      'edgress_watch_failures_total{resource="services"} 1',
      'edgress_watch_failures_total{resource="ingresses"} 0',
      "edgress_kubernetes_write_failures_total 4",
    ])
      assert.ok(all.includes(line), line);
    metrics.setLeader(false);
    assert.deepEqual(await readSamples(metrics, "edgress_leader"), ["edgress_leader 0"]);
  });

  test("Two registries are independent", async () => {
    const [firstMetrics, otherMetrics] = [createMetrics(), createMetrics()];
    firstMetrics.setGeneration(12);
    assert.deepEqual(await readSamples(otherMetrics, "edgress_published_generation"), [
      "edgress_published_generation 0",
    ]);
  });
});
