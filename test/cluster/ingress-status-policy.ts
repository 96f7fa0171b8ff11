// Run by `npm run test:cluster`: the admission policy of deploy/admission-policy, on an API server that has such policies.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HttpMethod } from "@kubernetes/client-node";
import * as z from "zod";
import { ApiError } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { type KubernetesRequest, sendKubernetesRequest } from "../../sync/kubernetes/http.ts";
import { applyObjects, connectWithKubeconfig } from "../support/cluster/cluster.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import {
  buildIngressesPath,
  type ClusterHarness,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { startControllerProcess } from "../support/controller/controller-process.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";

const skip = process.env.KUBECONFIG ? "deploy/ would change cluster-wide objects of an external cluster" : false;
const CONTROLLER_NAMESPACE = "edgress"; // created by deploy/
const RANGES = "nginx.ingress.kubernetes.io/whitelist-source-range";
const LIVE_GENERATION = "edgress.dev/live-generation";

const Ingress = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()), labels: z.record(z.string(), z.string()) }),
  spec: z.unknown(),
  status: z.unknown(),
});

type Patch = Required<Pick<KubernetesRequest, "body" | "contentType">> & Pick<KubernetesRequest, "query">;

const merge = (body: object): Patch => ({ body, contentType: "application/merge-patch+json" });
const mergeMetadata = (metadata: object) => merge({ metadata });
const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "00000000-0000-4000-8000-000000000000" };
const guardPath = `/metadata/annotations/${RANGES.replace("/", "~1")}`;

/** Changes that a status patch can make without the policy. */
const ATTACKS: Readonly<Record<string, Patch>> = {
  "change the allow list": mergeMetadata({ annotations: { [RANGES]: "0.0.0.0/0" } }),
  "remove the allow list": mergeMetadata({ annotations: { [RANGES]: null } }),
  "remove all annotations": mergeMetadata({ annotations: null }),
  "add an annotation": mergeMetadata({ annotations: { "nginx.ingress.kubernetes.io/mirror-target": "http://a" } }),
  "add an annotation with the live generation": mergeMetadata({
    annotations: { [LIVE_GENERATION]: "7", "nginx.ingress.kubernetes.io/server-snippet": "return 200;" },
  }),
  "replace the allow list with a JSON patch": {
    body: [{ op: "replace", path: guardPath, value: "0.0.0.0/0" }],
    contentType: "application/json-patch+json",
  },
  "change the allow list with a strategic patch": {
    body: { metadata: { annotations: { [RANGES]: "0.0.0.0/0" } } },
    contentType: "application/strategic-merge-patch+json",
  },
  "change the allow list with a server-side apply": {
    body: {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "shop", annotations: { [RANGES]: "0.0.0.0/0" } },
    },
    contentType: "application/apply-patch+yaml",
    query: { fieldManager: "thief", force: true },
  },
  "change a label": mergeMetadata({ labels: { team: "theirs" } }),
  "remove a label": mergeMetadata({ labels: null }),
  "add a finalizer": mergeMetadata({ finalizers: ["example.com/never"] }),
  "add an owner that does not exist": mergeMetadata({ ownerReferences: [owner] }),
};

describe("the admission policy for ingresses/status", { skip }, async () => {
  if (skip) return;
  const cluster = await startControlPlane({ version: "1.36" });
  after(() => cluster.close());
  const home = await cluster.createNamespace();
  const admin = connectWithKubeconfig(cluster.kubeconfig);
  const connections = new Connections();
  const readIngress = async (name = "shop") => Ingress.parse(await admin.get(`${buildIngressesPath(home)}/${name}`));

  /** Sends a patch with the controller's token. Resolves with the status and the message of a rejection. */
  async function patchAsController(patch: Patch, target = "shop/status"): Promise<string> {
    const request = { ...patch, method: HttpMethod.PATCH, path: `${buildIngressesPath(home)}/${target}` };
    try {
      const answer = await sendKubernetesRequest(connections, request, AbortSignal.timeout(10_000));
      await answer.text();
      return "accepted";
    } catch (error) {
      if (error instanceof ApiError) return `${error.status} ${error.message}`;
      throw error;
    }
  }

  before(async () => {
    await cluster.kubectl(["apply", "--kustomize", "deploy/base"]);
    await cluster.kubectl(["apply", "--kustomize", "deploy/admission-policy"]);
    connections.loadFromFile(await cluster.createKubeconfig(CONTROLLER_NAMESPACE, "edgress"));
    const shop = buildIngressManifest("shop", "shop.example.com", { "/": "web" }, { [RANGES]: "198.51.100.0/24" });
    await applyObjects(cluster, home, { ...shop, metadata: { ...shop.metadata, labels: { team: "ours" } } });
    const attack = { ...mergeMetadata({ labels: { probe: "1" } }), query: { dryRun: "All" } };
    // The API server reads a new policy after a moment.
    await waitForValue(
      "a dry run of an attack",
      () => patchAsController(attack),
      (answer) => answer !== "accepted",
    );
  });

  test("A stolen token of the job cannot change an Ingress's guards", async (t) => {
    const { status: _, ...original } = await readIngress();
    for (const [attack, patch] of Object.entries(ATTACKS))
      await t.test(`A stolen token of the job cannot ${attack}`, async () => {
        assert.match(await patchAsController(patch), /^422 .*'edgress-ingress-status'.* edgress may change only /);
        const { status: __, ...current } = await readIngress();
        assert.deepEqual(current, original);
      });
  });

  test("A stolen token of the job cannot change the spec of an Ingress", async () => {
    const { spec } = await readIngress();
    await patchAsController(merge({ spec: { rules: null, defaultBackend: { service: { name: "theirs" } } } }));
    assert.deepEqual((await readIngress()).spec, spec);
  });

  test("A stolen token of the job cannot change an Ingress with the right to update it", async () => {
    const original = await readIngress();
    const resources = ["--verb=update,patch", "--resource=ingresses.networking.k8s.io"];
    await cluster.kubectl(["create", "role", "thief", "--namespace", home, ...resources]);
    const subject = `--serviceaccount=${CONTROLLER_NAMESPACE}:edgress`;
    await cluster.kubectl(["create", "rolebinding", "thief", "--namespace", home, "--role=thief", subject]);
    const patch = merge({
      spec: { rules: null, defaultBackend: { service: { name: "theirs", port: { number: 80 } } } },
    });
    const answer = await waitForValue(
      "the answer to a patch with the new role",
      () => patchAsController(patch, "shop"),
      (found) => !found.startsWith("403"),
    );
    assert.match(answer, /^422 .* edgress may not change the spec of an Ingress$/);
    assert.deepEqual(await readIngress(), original);
  });

  test("The job may set and remove the status and its annotation", async () => {
    const ingress = [{ hostname: "edge.example.com" }];
    const set = merge({ metadata: { annotations: { [LIVE_GENERATION]: "7" } }, status: { loadBalancer: { ingress } } });
    assert.equal(await patchAsController(set), "accepted");
    const { metadata, status } = await readIngress();
    assert.deepEqual(status, { loadBalancer: { ingress } });
    assert.equal(metadata.annotations[LIVE_GENERATION], "7");
    assert.equal(metadata.annotations[RANGES], "198.51.100.0/24");
    const clear = merge({
      metadata: { annotations: { [LIVE_GENERATION]: null } },
      status: { loadBalancer: { ingress: null } },
    });
    assert.equal(await patchAsController(clear), "accepted");
    assert.deepEqual((await readIngress()).status, { loadBalancer: {} });
  });

  test("The job may set its annotation on an Ingress of 3,000 hosts, and on one without annotations", async () => {
    const large = buildIngressManifest("large", "large.example.com", { "/": "web" });
    const [rule] = large.spec.rules;
    const rules = Array.from({ length: 3000 }, (_, index) => ({ ...rule, host: `host-${index}.example.com` }));
    await admin.create(buildIngressesPath(home), {
      ...large,
      metadata: { name: "large" },
      spec: { ...large.spec, rules },
    });
    const set = mergeMetadata({ annotations: { [LIVE_GENERATION]: "7" } });
    assert.equal(await patchAsController(set, "large/status"), "accepted");
    assert.equal(await patchAsController(mergeMetadata({ annotations: null }), "large/status"), "accepted");
  });

  test("The policy does not limit other users", async () => {
    const patch = { metadata: { annotations: { [RANGES]: "203.0.113.0/24" }, labels: { team: "new" } } };
    await admin.patch(`${buildIngressesPath(home)}/shop/status`, patch);
    const { annotations, labels } = (await readIngress()).metadata;
    assert.deepEqual([annotations[RANGES], labels.team], ["203.0.113.0/24", "new"]);
  });

  test("A controller reports without rejected writes while the policy is active", async () => {
    const harness: ClusterHarness = await startClusterHarness(cluster);
    after(() => harness.close());
    await harness.startOrigin("203.0.113.21:80", "web");
    const site = buildIngressManifest("site", "site.example.com", { "/": "web" });
    await applyObjects(cluster, home, buildServiceManifest("web", ["203.0.113.21"]), site);
    const controller = await startControllerProcess({
      kubeconfig: await cluster.createKubeconfig(CONTROLLER_NAMESPACE, "edgress"),
      environment: { ...harness.environment, POD_NAME: "edgress-0", POD_NAMESPACE: CONTROLLER_NAMESPACE },
      args: ["--publish-status-address", "edge.example.com"],
    });
    after(() => controller.end());
    const live = await harness.waitUntilLive(home, "site");
    assert.deepEqual(await harness.readStatus(home, "site"), { addresses: ["edge.example.com"], live });
    assert.equal(await controller.metric("edgress_kubernetes_write_failures_total"), 0);
  });
});
