import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { METRIC_NAMES, type Metrics, startMetrics } from "../sync/report/metrics.ts";

const NOTHING = { objects: {}, hosts: 0, routes: 0, diagnostics: [], quarantined: 0, heldBackRoutes: 0 };

/** The samples whose names begin with `prefix`, as Prometheus reads them. */
async function samples(metrics: Metrics, prefix: string): Promise<string[]> {
  const { text } = await metrics.exposition();
  return text.split("\n").filter((line) => line.startsWith(prefix));
}

describe("the metrics", () => {
  test("are those that are documented, and the process's own", async () => {
    const { text, type } = await startMetrics().exposition();
    const helped = [...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name);
    assert.deepEqual(helped.filter((name) => name?.startsWith("edgress_")).toSorted(), [...METRIC_NAMES].toSorted());
    assert.ok(helped.includes("process_resident_memory_bytes") && helped.includes("nodejs_eventloop_lag_seconds"));
    assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  });

  test("count rounds by what they came to, from zero", async () => {
    const metrics = startMetrics();
    metrics.round("published", 0.2);
    metrics.round("published", 0.3);
    metrics.round("held", 20);
    assert.deepEqual(await samples(metrics, "edgress_rounds_total"), [
      'edgress_rounds_total{outcome="published"} 2',
      'edgress_rounds_total{outcome="unchanged"} 0',
      'edgress_rounds_total{outcome="held"} 1',
      'edgress_rounds_total{outcome="failed"} 0',
    ]);
    assert.deepEqual(await samples(metrics, "edgress_round_duration_seconds_sum"), [
      "edgress_round_duration_seconds_sum 20.5",
    ]);
  });

  test("show the last round, and none of the one before", async () => {
    const metrics = startMetrics();
    const diagnostics = [{ reason: "PathTaken" }, { reason: "PathTaken" }] as const;
    metrics.show({ ...NOTHING, objects: { Ingress: 3 }, routes: 7, diagnostics });
    metrics.show({
      objects: { Service: 2 },
      hosts: 4,
      routes: 5,
      diagnostics: [{ reason: "DoesLess" }],
      quarantined: 1,
      heldBackRoutes: 6,
    });
    assert.deepEqual(await samples(metrics, "edgress_objects"), ['edgress_objects{kind="Service"} 2']);
    assert.deepEqual(await samples(metrics, "edgress_hosts"), ["edgress_hosts 4"]);
    assert.deepEqual(await samples(metrics, "edgress_routes"), ["edgress_routes 5"]);
    assert.deepEqual(await samples(metrics, "edgress_quarantined_ingresses"), ["edgress_quarantined_ingresses 1"]);
    assert.deepEqual(await samples(metrics, "edgress_held_back_routes"), ["edgress_held_back_routes 6"]);
    const shown = await samples(metrics, "edgress_diagnostics");
    assert.ok(shown.includes('edgress_diagnostics{reason="PathTaken",severity="warning"} 0'));
    assert.deepEqual(
      shown.filter((line) => !line.endsWith(" 0")),
      ['edgress_diagnostics{reason="DoesLess",severity="note"} 1'],
    );
  });

  test("have no last success before there was one", async () => {
    const metrics = startMetrics();
    assert.deepEqual(await samples(metrics, "edgress_last_success"), []);
    metrics.succeeded(new Date("2026-03-01T12:00:00.500Z"));
    assert.deepEqual(await samples(metrics, "edgress_last_success"), [
      "edgress_last_success_timestamp_seconds 1772366400.5",
    ]);
  });

  test("count what was written and what failed", async () => {
    const metrics = startMetrics();
    metrics.wrote({ writes: 3, bytes: 4096 });
    metrics.wrote({ writes: 2, bytes: 1024 });
    metrics.generation(12);
    metrics.leading(true);
    metrics.watchFailed("services");
    metrics.reportFailed(4);
    const all = await samples(metrics, "edgress_");
    for (const line of [
      "edgress_kv_writes_total 5",
      "edgress_kv_written_bytes_total 5120",
      "edgress_generation 12",
      "edgress_leader 1",
      'edgress_watch_failures_total{resource="services"} 1',
      'edgress_watch_failures_total{resource="ingresses"} 0',
      "edgress_report_failures_total 4",
    ])
      assert.ok(all.includes(line), line);
    metrics.leading(false);
    assert.deepEqual(await samples(metrics, "edgress_leader"), ["edgress_leader 0"]);
  });

  test("of two registries know nothing of each other", async () => {
    const [one, other] = [startMetrics(), startMetrics()];
    one.generation(12);
    assert.deepEqual(await samples(other, "edgress_generation"), ["edgress_generation 0"]);
  });
});
