import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parse } from "yaml";
import * as z from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { runEdgress } from "../support/cli/edge-cli.ts";
import { find } from "../support/deploy/chart.ts";
import { NO_HELM, renderChart, runHelm } from "../support/deploy/helm.ts";

const Deployment = z.object({
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      metadata: z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.optional(z.record(z.string(), z.string())),
      }),
      spec: z.looseObject({ containers: z.tuple([z.looseObject({ args: z.array(z.string()), image: z.string() })]) }),
    }),
  }),
});

const VALUES = {
  image: { repository: "registry.example.com/edgress", tag: "1.2.3", pullPolicy: "IfNotPresent" },
  imagePullSecrets: [{ name: "registry" }],
  replicas: 3,
  namespace: { name: "ingress", create: false },
  serviceAccount: { annotations: { "example.com/role": "edgress" } },
  ingressClass: { name: "edge", controller: "example.com/edge", default: true },
  sync: {
    publishStatusAddress: ["edge.example.com", "192.0.2.1"],
    watchNamespaces: ["shop", "blog"],
    ingressSelector: "team=shop",
    watchIngressWithoutClass: true,
    exclusiveHosts: true,
    manageHosts: true,
    uploadCertificates: true,
    name: "prod",
    allowedResponseHeaders: ["X-One", "X-Two"],
    logLevel: "debug",
  },
  extraArgs: ["--health-port=10254"],
  secretNames: ["edgress-account", "edgress-signing-key"],
  permits: { configMapName: "permits", content: { claims: [{ namespaces: ["*"], hosts: ["*"], paths: ["/"] }] } },
  env: [{ name: "HTTPS_PROXY", value: "http://proxy.example.com:3128" }],
  resources: { requests: { cpu: "1", memory: "2Gi" }, limits: null },
  nodeOptions: "--max-old-space-size=1500",
  priorityClassName: "system-cluster-critical",
  nodeSelector: { "kubernetes.io/os": "linux" },
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  podAnnotations: { "example.com/a": "b" },
  podLabels: { "example.com/c": "d" },
  podDisruptionBudget: { create: false },
  networkPolicy: { create: false },
};

describe("the values of the Helm chart", { skip: NO_HELM }, () => {
  test("values replace, add and remove objects", () => {
    assert.deepEqual(
      renderChart(VALUES)
        .map(({ kind, metadata: { namespace = "", name } }) => `${kind} ${namespace} ${name}`)
        .sort(),
      [
        "ClusterRole  edgress",
        "ClusterRole  edgress-reads-references",
        "ClusterRoleBinding  edgress",
        "ConfigMap ingress permits",
        "Deployment ingress edgress",
        "IngressClass  edge",
        "Role ingress edgress",
        "Role ingress edgress-approve",
        "RoleBinding ingress edgress",
        "ServiceAccount ingress edgress",
      ],
    );
  });

  test("values set the Pods of the Deployment", () => {
    const { replicas, template } = Deployment.parse(find(renderChart(VALUES), "Deployment")).spec;
    const { containers, volumes, securityContext: _, topologySpreadConstraints: __, ...pod } = template.spec;
    assert.equal(replicas, 3);
    assert.deepEqual(template.metadata, {
      labels: { "app.kubernetes.io/name": "edgress", "example.com/c": "d" },
      annotations: { "example.com/a": "b" },
    });
    assert.deepEqual(pod, {
      serviceAccountName: "edgress",
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 30,
      imagePullSecrets: [{ name: "registry" }],
      priorityClassName: "system-cluster-critical",
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [{ key: "dedicated", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
    });
    assert.equal(containers[0].image, "registry.example.com/edgress:1.2.3");
    assert.equal(containers[0].imagePullPolicy, "IfNotPresent");
    assert.deepEqual(containers[0].resources, { requests: { cpu: "1", memory: "2Gi" } });
    const sources = ["edgress-account", "edgress-signing-key"].map((name) => ({ secret: { name } }));
    assert.deepEqual(volumes, [{ name: "credentials", projected: { defaultMode: 0o440, sources } }]);
    const env = z.array(z.looseObject({ name: z.string() })).parse(containers[0].env);
    assert.deepEqual(
      env.filter(({ name }) => !/^POD_|_FILE$/.test(name)),
      [
        { name: "NODE_OPTIONS", value: "--max-old-space-size=1500" },
        { name: "HTTPS_PROXY", value: "http://proxy.example.com:3128" },
      ],
    );
  });

  test("values become options of edgress sync that exist", async () => {
    const [{ args }] = Deployment.parse(find(renderChart(VALUES), "Deployment")).spec.template.spec.containers;
    assert.deepEqual(args, [
      "sync",
      "--ingress-class=edge",
      "--controller=example.com/edge",
      "--publish-status-address=edge.example.com",
      "--publish-status-address=192.0.2.1",
      "--watch-namespace=shop",
      "--watch-namespace=blog",
      "--ingress-selector=team=shop",
      "--watch-ingress-without-class",
      "--exclusive-hosts",
      "--manage-hosts",
      "--upload-certificates",
      "--name=prod",
      "--allowed-response-headers=X-One,X-Two",
      "--log-level=debug",
      "--permits-config-map=permits",
      "--health-port=10254",
    ]);
    const { stdout } = await runEdgress(["sync", "--help"]);
    const options = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    for (const arg of args.slice(1)) assert.ok(options.includes(arg.replace(/=.*$/, "")), `no option ${arg}`);
  });

  test("the sync job may read the ConfigMap of the permits, and the ConfigMap has them", () => {
    const objects = renderChart(VALUES);
    const Rules = z.array(z.object({ resourceNames: z.optional(z.array(z.string())) }));
    const names = Rules.parse(find(objects, "Role", "edgress").rules).flatMap(
      ({ resourceNames = [] }) => resourceNames,
    );
    assert.deepEqual(names, ["edgress", "edgress-blocked-deletion", "permits"]);
    const { "permits.yaml": text } = z
      .object({ "permits.yaml": z.string() })
      .parse(find(objects, "ConfigMap", "permits").data);
    assert.deepEqual(parse(text), { claims: [{ namespaces: ["*"], hosts: ["*"], paths: ["/"] }] });
  });

  test("values annotate the ServiceAccount, and make the IngressClass the default", () => {
    const objects = renderChart(VALUES);
    assert.deepEqual(find(objects, "ServiceAccount").metadata.annotations, { "example.com/role": "edgress" });
    assert.deepEqual(find(objects, "IngressClass").metadata.annotations, {
      "ingressclass.kubernetes.io/is-default-class": "true",
    });
    assert.deepEqual(find(objects, "IngressClass").spec, { controller: "example.com/edge" });
  });

  test("a digest pins the image", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const objects = renderChart({ image: { tag: "1.2.3", digest } });
    const [{ image }] = Deployment.parse(find(objects, "Deployment")).spec.template.spec.containers;
    assert.equal(image, `edgress:1.2.3@${digest}`);
  });

  test("a value that does not exist is an error", () => {
    const { status, stderr } = runHelm(["template", "edgress"], { replica: 3 });
    assert.equal(status, 1);
    assert.match(stderr, /additional properties 'replica' not allowed/i);
  });

  test("the chart passes helm lint", () => {
    const { status, stdout } = runHelm(["lint", "--strict"]);
    assert.equal(status, 0, stdout);
  });

  test("the chart has the version of the package", async () => {
    const { version, appVersion } = parse(
      await readFile(new URL("../../deploy/chart/Chart.yaml", import.meta.url), "utf8"),
    );
    assert.deepEqual({ version, appVersion }, { version: packageJson.version, appVersion: packageJson.version });
  });
});
