import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { collectDefaultMetrics, Registry } from "prom-client";
import * as z from "zod";
import { METRIC_NAMES } from "../../sync/report/metrics.ts";
import { type KubernetesManifest, renderKustomization } from "../support/deploy/kustomize.ts";

const Alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
  annotations: z.strictObject({ summary: z.string().min(1), description: z.string().min(1), runbook: z.string() }),
});
const Rules = z.object({ spec: z.object({ groups: z.array(z.object({ rules: z.array(Alert) })) }) });
const Dashboard = z.object({
  uid: z.literal("edgress"),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string().min(1),
      targets: z.array(z.object({ expr: z.string().min(1) })).min(1),
    }),
  ),
});

describe("deploy/monitoring", () => {
  let objects: KubernetesManifest[] = [];
  before(async () => {
    objects = await renderKustomization("deploy/monitoring");
  });

  const alerts = () => {
    const rules = objects.find(({ kind }) => kind === "PrometheusRule");
    return Rules.parse(rules).spec.groups.flatMap((group) => group.rules);
  };
  const panels = async () => {
    const text = await readFile(new URL("../../deploy/monitoring/dashboard.json", import.meta.url), "utf8");
    return Dashboard.parse(JSON.parse(text)).panels;
  };

  test("Each alert has a severity, a summary and a description", () => {
    assert.deepEqual(
      alerts().map(({ alert, labels: { severity } }) => `${severity} ${alert}`),
      [
        "critical EdgressDown",
        "critical EdgressNoLeader",
        "critical EdgressMultipleLeaders",
        "critical EdgressSyncStale",
        "critical EdgressNeverSynced",
        "critical EdgressMassDeletionBlocked",
        "warning EdgressPinned",
        "warning EdgressCandidateAborted",
        "critical EdgressGuardNotPublished",
        "critical EdgressEdgeBehind",
        "warning EdgressServingLastGood",
        "warning EdgressDiagnosticErrorsIncreasing",
        "warning EdgressWatchErrors",
        "warning EdgressStatusWriteErrors",
      ],
    );
  });

  test("Each alert names its heading in the runbook", () => {
    for (const { alert, annotations } of alerts())
      assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
  });

  test("The alerts and the dashboard use existing metrics, and the dashboard shows all of them", async () => {
    const knownMetrics = [...METRIC_NAMES, ...listDefaultMetrics()];
    const panelExpressions = (await panels()).flatMap(({ targets }) => targets.map(({ expr }) => expr));
    for (const expr of [...panelExpressions, ...alerts().map(({ expr }) => expr)]) {
      const unknown = listMetrics(expr).filter((name) => !knownMetrics.includes(name));
      assert.ok(listMetrics(expr).length > 0, `no metric in ${expr}`);
      assert.deepEqual(unknown, [], expr);
    }
    assert.deepEqual(
      METRIC_NAMES.filter((name) => !panelExpressions.flatMap(listMetrics).includes(name)),
      [],
    );
  });

  test("The PodMonitor scrapes the Deployment's port, and the ConfigMap has the label that Grafana collects", async () => {
    const PodMonitor = z.object({
      spec: z.object({ podMetricsEndpoints: z.array(z.unknown()), selector: z.unknown() }),
    });
    const { spec } = PodMonitor.parse(objects.find(({ kind }) => kind === "PodMonitor"));
    assert.deepEqual(spec.podMetricsEndpoints, [{ port: "health", path: "/metrics", interval: "30s" }]);
    assert.deepEqual(spec.selector, { matchLabels: { "app.kubernetes.io/name": "edgress" } });
    const { data, metadata } = z
      .object({ data: z.object({ "dashboard.json": z.string() }), metadata: z.object({ labels: z.unknown() }) })
      .parse(objects.find(({ kind }) => kind === "ConfigMap"));
    assert.deepEqual(Dashboard.parse(JSON.parse(data["dashboard.json"])).panels, await panels());
    assert.deepEqual(metadata.labels, { "app.kubernetes.io/name": "edgress", grafana_dashboard: "1" });
  });
});

/** The metrics that an expression asks for; a histogram's by its own name. */
function listMetrics(expr: string): string[] {
  const names = expr.match(/\b(?:edgress|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => name.replace(/_bucket$/, ""));
}

/** What prom-client measures of any process. */
function listDefaultMetrics(): string[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray().map(({ name }) => name);
}
