import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { find } from "../support/deploy/chart.ts";
import { NO_HELM, renderChart } from "../support/deploy/helm.ts";
import { type KubernetesManifest, renderKustomization } from "../support/deploy/kustomize.ts";

describe("the Helm chart", { skip: NO_HELM }, () => {
  test("the chart renders the objects of deploy/base with its default values", async () => {
    assert.deepEqual(byName(renderChart()), byName(await renderKustomization("deploy/base")));
  });

  test("the chart renders the objects of deploy/before-1.25 for an API server of that time", async () => {
    const older = renderChart({}, "1.24.0");
    assert.deepEqual(byName(older), byName(await renderKustomization("deploy/before-1.25")));
  });

  test("the chart adds the objects of deploy/monitoring if all of it is on", async () => {
    const all = renderChart({ monitoring: { podMonitor: true, rules: true, dashboard: true } });
    const monitoring = [
      ...(await renderKustomization("deploy/base")),
      ...(await renderKustomization("deploy/monitoring")),
    ];
    assert.deepEqual(byName(all).map(withTrimmedData), byName(monitoring).map(withTrimmedData));
  });

  test("the chart adds the alerts alone if only they are on, in the namespace of the values", () => {
    const objects = renderChart({ monitoring: { rules: true }, namespace: { name: "ingress" } });
    const kinds = objects.map(({ kind }) => kind);
    assert.ok(!kinds.includes("PodMonitor") && !kinds.includes("ConfigMap"));
    assert.equal(find(objects, "PrometheusRule").metadata.namespace, "ingress");
  });
});

function byName(objects: readonly KubernetesManifest[]): KubernetesManifest[] {
  return objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ kind, metadata }: KubernetesManifest): string {
  return `${kind} ${metadata.name}`;
}

/** A block of text in a template may end with one line end more or less. */
function withTrimmedData(object: KubernetesManifest): KubernetesManifest {
  const data = z.optional(z.record(z.string(), z.string())).parse(object.data);
  if (!data) return object;
  return { ...object, data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, text.trim()])) };
}
