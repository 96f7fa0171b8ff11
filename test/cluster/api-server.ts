// Run by `npm run test:cluster`: the behavior of a real API server that the controller relies on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as z from "zod";
import { ApiError } from "../../sync/kubernetes/client.ts";
import { EXAMPLES } from "../support/cli/edge-cli.ts";
import { applyObjects, connectWithKubeconfig } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { buildIngressManifest } from "../support/manifests.ts";

const Ingress = z.object({
  metadata: z.object({ resourceVersion: z.string(), annotations: z.optional(z.record(z.string(), z.string())) }),
  spec: z.unknown(),
  status: z.unknown(),
});
const Ingresses = z.object({ items: z.array(Ingress) });

const cluster = await startCluster();
after(() => cluster.close());
const adminClient = connectWithKubeconfig(cluster.kubeconfig);
const versions = (await cluster.kubectl(["api-versions"])).split("\n");
const noOldVersions = !versions.includes("extensions/v1beta1") && "this cluster no longer serves extensions/v1beta1";

describe("a real API server", { concurrency: true }, () => {
  test("The API server serves an Ingress of extensions/v1beta1 as networking.k8s.io/v1", {
    skip: noOldVersions,
  }, async () => {
    const namespace = await cluster.createNamespace();
    await cluster.kubectl(["apply", "--namespace", namespace, "--filename", join(EXAMPLES, "fanout")]);
    const [ingress, ...others] = Ingresses.parse(await adminClient.get(buildIngressesPath(namespace))).items;
    const path = (prefix: string, name: string) => ({
      path: prefix,
      pathType: "ImplementationSpecific",
      backend: { service: { name, port: { number: 80 } } },
    });
    assert.deepEqual(others, []);
    assert.equal(ingress?.metadata.annotations?.["ingress.kubernetes.io/rewrite-target"], "/");
    assert.deepEqual(ingress.spec, {
      rules: [{ host: "foo.bar.com", http: { paths: [path("/foo", "my-service-1"), path("/bar", "my-service-2")] } }],
    });
  });

  test("The API server returns a Secret without its content, to read whether it exists", async () => {
    const namespace = await cluster.createNamespace();
    await applyObjects(cluster, namespace, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "staff" },
      stringData: { auth: "alice:x" },
    });
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const secret = (await adminClient.getMetadata(`${path}/staff`)) as { kind: string; metadata: { name: string } };
    assert.deepEqual([secret.kind, secret.metadata.name, "data" in secret], ["PartialObjectMetadata", "staff", false]);
    await assert.rejects(adminClient.getMetadata(`${path}/other`), { status: 404 });
  });

  test("The API server removes the Ingresses of a deleted namespace", async () => {
    const namespace = await cluster.createNamespace();
    await applyObjects(cluster, namespace, buildWebIngress("one"));
    await cluster.kubectl(["delete", "namespace", namespace]); // which waits until it is gone
    assert.deepEqual(Ingresses.parse(await adminClient.get(buildIngressesPath(namespace))).items, []);
  });

  test("Permission to patch the status of an Ingress includes its annotations, and nothing else", async () => {
    const namespace = await cluster.createNamespace();
    await applyObjects(cluster, namespace, buildWebIngress("one"));
    await applyObjects(cluster, namespace, ...buildReporter(namespace));
    const reporter = connectWithKubeconfig(await cluster.createKubeconfig(namespace, "reporter"));
    const path = `${buildIngressesPath(namespace)}/one`;
    const patch = {
      metadata: { annotations: { "edgress.dev/live-generation": "7" } },
      status: { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } },
    };

    await reporter.patch(`${path}/status`, patch);
    const patchedIngress = Ingress.parse(await adminClient.get(path));
    assert.equal(patchedIngress.metadata.annotations?.["edgress.dev/live-generation"], "7");
    assert.deepEqual(patchedIngress.status, { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } });

    await reporter.patch(`${path}/status`, patch);
    assert.deepEqual(Ingress.parse(await adminClient.get(path)), patchedIngress); // the same version: nothing was written
    await reporter.patch(`${path}/status`, { spec: { rules: null } });
    assert.deepEqual(Ingress.parse(await adminClient.get(path)).spec, patchedIngress.spec);
    await assert.rejects(reporter.patch(path, { metadata: { annotations: { a: "b" } } }), matchStatus(403));
    await assert.rejects(reporter.get(path), matchStatus(403));
  });

  test("The API server rejects a patch with an old resourceVersion", async () => {
    const namespace = await cluster.createNamespace();
    await applyObjects(cluster, namespace, buildWebIngress("one"));
    const path = `${buildIngressesPath(namespace)}/one`;
    const { resourceVersion } = Ingress.parse(await adminClient.get(path)).metadata;
    const patch = (generation: string) =>
      adminClient.patch(`${path}/status`, {
        metadata: { resourceVersion, annotations: { "edgress.dev/live-generation": generation } },
      });
    await patch("7");
    await assert.rejects(patch("8"), matchStatus(409));
  });

  test("A watch ends within 30 s, with a bookmark after a change", async () => {
    const namespace = await cluster.createNamespace();
    await applyObjects(cluster, namespace, buildWebIngress("one"));
    const path = buildIngressesPath(namespace);
    const { resourceVersion } = Ingress.parse(await adminClient.get(`${path}/one`)).metadata;
    await applyObjects(cluster, namespace, buildWebIngress("two"));
    const eventTypes: string[] = [];
    for await (const { type } of adminClient.watch(path, { resourceVersion }, AbortSignal.timeout(30_000))) {
      eventTypes.push(type);
      // Changes before the start of a watch cause no bookmark, at least in 1.20.
      if (eventTypes.length === 1) await applyObjects(cluster, namespace, buildWebIngress("three"));
    }
    assert.deepEqual(eventTypes.slice(0, 3), ["ADDED", "ADDED", "BOOKMARK"]);
  });
});

function buildIngressesPath(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
}

function buildWebIngress(name: string): object {
  return buildIngressManifest(name, `${name}.example.com`, { "/": "web" });
}

function matchStatus(status: number) {
  return (error: unknown) => error instanceof ApiError && error.status === status;
}

/** The ServiceAccount "reporter", which may patch the status of its namespace's Ingresses and do nothing else. */
function buildReporter(namespace: string): object[] {
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "reporter" } };
  const rule = { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["patch"] };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reporter" } },
    { ...rbac, kind: "Role", rules: [rule] },
    {
      ...rbac,
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reporter" },
      subjects: [{ kind: "ServiceAccount", name: "reporter", namespace }],
    },
  ];
}
