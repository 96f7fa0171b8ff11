import assert from "node:assert/strict";
import { test } from "node:test";
import { find } from "../support/deploy/chart.ts";
import { renderKustomization } from "../support/deploy/kustomize.ts";

test("The NetworkPolicy of deploy/base allows metrics in, and DNS and TLS out", async () => {
  assert.deepEqual(find(await renderKustomization("deploy/base"), "NetworkPolicy").spec, {
    podSelector: { matchLabels: { "app.kubernetes.io/name": "edgress" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: "TCP", port: 10254 }] }],
    egress: [
      { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })) },
      { ports: [443, 6443].map((port) => ({ protocol: "TCP", port })) },
    ],
  });
});
