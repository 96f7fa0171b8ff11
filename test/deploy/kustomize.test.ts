import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import * as z from "zod";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { findManifest, type KubernetesManifest, renderKustomization } from "../support/deploy/kustomize.ts";

const Deployment = z.object({
  spec: z.object({
    replicas: z.number(),
    strategy: z.unknown(),
    selector: z.unknown(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({ containers: z.tuple([z.looseObject({ args: z.array(z.string()) })]) }),
    }),
  }),
});

describe("deploy/base", () => {
  let objects: KubernetesManifest[] = [];
  before(async () => {
    objects = await renderKustomization("deploy/base");
  });

  test("deploy/base renders these objects, and no Secret", () => {
    assert.deepEqual(
      objects.map(({ kind, metadata: { namespace, name } }) => [kind, namespace ?? "", name].join(" ")).sort(),
      [
        "ClusterRole  edgress",
        "ClusterRole  edgress-reads-references",
        "ClusterRoleBinding  edgress",
        "Deployment edgress edgress",
        "IngressClass  edgress",
        "Namespace  edgress",
        "NetworkPolicy edgress edgress",
        "PodDisruptionBudget edgress edgress",
        "Role edgress edgress",
        "Role edgress edgress-approve",
        "RoleBinding edgress edgress",
        "ServiceAccount edgress edgress",
      ],
    );
  });

  test("An update or a drained node leaves one of two Pods", () => {
    const { replicas, strategy, template } = Deployment.parse(findManifest(objects, "Deployment", "edgress")).spec;
    assert.equal(replicas, 2);
    assert.deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } });
    assert.deepEqual(findManifest(objects, "PodDisruptionBudget", "edgress").spec, {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: template.metadata.labels },
    });
    assert.equal(template.spec.terminationGracePeriodSeconds, 30);
    assert.deepEqual(z.array(z.object({ topologyKey: z.string() })).parse(template.spec.topologySpreadConstraints), [
      { topologyKey: "kubernetes.io/hostname" },
      { topologyKey: "topology.kubernetes.io/zone" },
    ]);
  });

  test("The Pods have no privileges on their node and a read-only root file system", () => {
    const { spec } = Deployment.parse(findManifest(objects, "Deployment", "edgress")).spec.template;
    assert.deepEqual(spec.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(spec.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("The probes and the metrics port of the Pods exist, and the heap fits the memory limit", () => {
    const [container] = Deployment.parse(findManifest(objects, "Deployment", "edgress")).spec.template.spec.containers;
    const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
    assert.deepEqual(container.ports, [{ name: "health", containerPort: 10254 }]);
    assert.deepEqual(Probe.parse(container.startupProbe).httpGet, { path: "/healthz", port: "health" });
    assert.deepEqual(Probe.parse(container.livenessProbe).httpGet, { path: "/healthz", port: "health" });
    assert.deepEqual(Probe.parse(container.readinessProbe).httpGet, { path: "/readyz", port: "health" });
    assert.deepEqual(container.resources, {
      requests: { cpu: "100m", memory: "640Mi" },
      limits: { cpu: "2", memory: "1Gi" },
    });
  });

  test("The environment of the Pods has no secret, and each of its files is in the mounted Secret", () => {
    const { containers, volumes } = Deployment.parse(findManifest(objects, "Deployment", "edgress")).spec.template.spec;
    const [container] = containers;
    const path = "/etc/edgress/credentials";
    assert.deepEqual(container.env, [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "NODE_OPTIONS", value: "--max-old-space-size=640 --max-semi-space-size=8" },
      { name: "CLOUDFLARE_ACCOUNT_ID_FILE", value: `${path}/CLOUDFLARE_ACCOUNT_ID` },
      { name: "CLOUDFLARE_API_TOKEN_FILE", value: `${path}/CLOUDFLARE_API_TOKEN` },
      { name: "EDGRESS_KV_NAMESPACE_ID_FILE", value: `${path}/EDGRESS_KV_NAMESPACE_ID` },
      { name: "EDGRESS_SIGNING_KEY_FILE", value: `${path}/EDGRESS_SIGNING_KEY` },
      { name: "EDGRESS_VERIFYING_KEY_FILE", value: `${path}/EDGRESS_VERIFYING_KEY` },
      { name: "EDGRESS_ENCRYPTION_KEY_FILE", value: `${path}/EDGRESS_ENCRYPTION_KEY` },
    ]);
    assert.equal(container.envFrom, undefined);
    assert.deepEqual(container.volumeMounts, [{ name: "credentials", mountPath: path, readOnly: true }]);
    assert.deepEqual(volumes, [
      { name: "credentials", projected: { defaultMode: 0o440, sources: [{ secret: { name: "edgress" } }] } },
    ]);
  });

  test("The container's command and options exist", async () => {
    const { stdout } = await runEdgress(["sync", "--help"]);
    const options = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, option]) => option);
    assert.ok(options.includes("publish-status-address"));
    const [{ args }] = Deployment.parse(findManifest(objects, "Deployment", "edgress")).spec.template.spec.containers;
    assert.equal(args[0], "sync");
    for (const arg of args.slice(1)) assert.ok(options.includes(arg.replace(/^--|=.*$/g, "")), `no option ${arg}`);
  });

  test("The IngressClass is the default one of the controller", () => {
    assert.deepEqual(findManifest(objects, "IngressClass", "edgress").spec, {
      controller: "edgress.dev/ingress-controller",
    });
  });

  test("The objects for older API servers differ only in the PodDisruptionBudget", async () => {
    const byName = (a: KubernetesManifest, b: KubernetesManifest) => (buildSortKey(a) < buildSortKey(b) ? -1 : 1);
    const budget = findManifest(objects, "PodDisruptionBudget", "edgress");
    const { unhealthyPodEvictionPolicy: _, ...spec } = z.record(z.string(), z.unknown()).parse(budget.spec);
    const expected = objects.map((object) =>
      object === budget ? { ...budget, apiVersion: "policy/v1beta1", spec } : object,
    );
    assert.deepEqual((await renderKustomization("deploy/before-1.25")).sort(byName), expected.sort(byName));
  });
});

function buildSortKey({ kind, metadata }: KubernetesManifest): string {
  return `${kind} ${metadata.name}`;
}
