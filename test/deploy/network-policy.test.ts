import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { find } from "../support/deploy/chart.ts";
import { NO_HELM, renderChart, runHelm } from "../support/deploy/helm.ts";
import { renderKustomization } from "../support/deploy/kustomize.ts";

const PORTS = [{ protocol: "TCP", port: 10254 }];
const MONITORING = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } };

test("The NetworkPolicy of deploy/base allows metrics in from one namespace, and DNS and TLS out", async () => {
  assert.deepEqual(find(await renderKustomization("deploy/base"), "NetworkPolicy").spec, {
    podSelector: { matchLabels: { "app.kubernetes.io/name": "edgress" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [MONITORING], ports: PORTS }],
    egress: [
      { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })) },
      { ports: [443, 6443].map((port) => ({ protocol: "TCP", port })) },
    ],
  });
});

describe("the NetworkPolicy of the Helm chart", { skip: NO_HELM }, () => {
  const renderIngress = (networkPolicy: object) => {
    const { ingress } = find(renderChart({ networkPolicy }), "NetworkPolicy").spec as { ingress: unknown };
    return ingress;
  };

  test("The value networkPolicy.metricsFrom replaces the peers that read metrics", () => {
    const peer = {
      namespaceSelector: { matchLabels: { team: "observability" } },
      podSelector: { matchLabels: { app: "prometheus" } },
    };
    assert.deepEqual(renderIngress({ metricsFrom: [peer] }), [{ from: [peer], ports: PORTS }]);
  });

  test("Without peers no Pod reaches the metrics port", () => {
    assert.deepEqual(renderIngress({ metricsFrom: [] }), []);
  });

  test("A peer that selects nothing is an error", () => {
    const { status, stderr } = runHelm(["template", "edgress"], { networkPolicy: { metricsFrom: [{}] } });
    assert.equal(status, 1);
    assert.match(stderr, /metricsFrom.*minProperties: got 0, want 1/);
  });

  test("The value networkPolicy.create turns the NetworkPolicy off", () => {
    const objects = renderChart({ networkPolicy: { create: false } });
    assert.deepEqual(
      objects.filter(({ kind }) => kind === "NetworkPolicy"),
      [],
    );
  });
});
