// Run by `npm run test:cluster`: what the sync job relies on in a real API server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as z from "zod";
import { ApiError } from "../../sync/kubernetes/api.ts";
import { apiAs, apply } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { ingress } from "../support/edge.ts";
import { EXAMPLES } from "../support/edge-cli.ts";

const Ingress = z.object({
  metadata: z.object({ resourceVersion: z.string(), annotations: z.optional(z.record(z.string(), z.string())) }),
  spec: z.unknown(),
  status: z.unknown(),
});
const Ingresses = z.object({ items: z.array(Ingress) });

const cluster = await startCluster();
after(() => cluster.close());
const admin = apiAs(cluster.kubeconfig);
const versions = (await cluster.kubectl(["api-versions"])).split("\n");
const noOldVersions = !versions.includes("extensions/v1beta1") && "this cluster no longer serves extensions/v1beta1";

describe("an API server", { concurrency: true }, () => {
  test("serves what is applied as extensions/v1beta1 as networking.k8s.io/v1", { skip: noOldVersions }, async () => {
    const namespace = await cluster.namespace();
    await cluster.kubectl(["apply", "--namespace", namespace, "--filename", join(EXAMPLES, "fanout")]);
    const [ingress, ...others] = Ingresses.parse(await admin.get(ingressesOf(namespace))).items;
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

  test("removes the Ingresses of a namespace that is deleted", async () => {
    const namespace = await cluster.namespace();
    await apply(cluster, namespace, web("one"));
    await cluster.kubectl(["delete", "namespace", namespace]); // which waits until it is gone
    assert.deepEqual(Ingresses.parse(await admin.get(ingressesOf(namespace))).items, []);
  });

  test("lets a ServiceAccount that may patch an Ingress's status set annotations with it, and no more", async () => {
    const namespace = await cluster.namespace();
    await apply(cluster, namespace, web("one"));
    await apply(cluster, namespace, ...reporterOf(namespace));
    const reporter = apiAs(await cluster.kubeconfigOf(namespace, "reporter"));
    const path = `${ingressesOf(namespace)}/one`;
    const patch = {
      metadata: { annotations: { "edgress.dev/live-generation": "7" } },
      status: { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } },
    };

    await reporter.patch(`${path}/status`, patch);
    const patched = Ingress.parse(await admin.get(path));
    assert.equal(patched.metadata.annotations?.["edgress.dev/live-generation"], "7");
    assert.deepEqual(patched.status, { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } });

    await reporter.patch(`${path}/status`, patch);
    assert.deepEqual(Ingress.parse(await admin.get(path)), patched); // the same version: nothing was written
    await reporter.patch(`${path}/status`, { spec: { rules: null } });
    assert.deepEqual(Ingress.parse(await admin.get(path)).spec, patched.spec);
    await assert.rejects(reporter.patch(path, { metadata: { annotations: { a: "b" } } }), refusal(403));
    await assert.rejects(reporter.get(path), refusal(403));
  });

  test("refuses a patch of a version that is not the present one", async () => {
    const namespace = await cluster.namespace();
    await apply(cluster, namespace, web("one"));
    const path = `${ingressesOf(namespace)}/one`;
    const { resourceVersion } = Ingress.parse(await admin.get(path)).metadata;
    const patch = (generation: string) =>
      admin.patch(`${path}/status`, {
        metadata: { resourceVersion, annotations: { "edgress.dev/live-generation": generation } },
      });
    await patch("7");
    await assert.rejects(patch("8"), refusal(409));
  });

  test("ends a watch within half a minute, with a bookmark where something changed", async () => {
    const namespace = await cluster.namespace();
    await apply(cluster, namespace, web("one"));
    const path = ingressesOf(namespace);
    const { resourceVersion } = Ingress.parse(await admin.get(`${path}/one`)).metadata;
    await apply(cluster, namespace, web("two"));
    const seen: string[] = [];
    for await (const { type } of admin.watch(path, { resourceVersion }, AbortSignal.timeout(30_000))) {
      seen.push(type);
      // What happened before a watch began earns no bookmark, at least not of 1.20.
      if (seen.length === 1) await apply(cluster, namespace, web("three"));
    }
    assert.deepEqual(seen.slice(0, 3), ["ADDED", "ADDED", "BOOKMARK"]);
  });
});

function ingressesOf(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
}

function web(name: string): object {
  return ingress(name, `${name}.example.com`, { "/": "web" });
}

function refusal(status: number) {
  return (error: unknown) => error instanceof ApiError && error.status === status;
}

/** The ServiceAccount "reporter", which may patch the status of its namespace's Ingresses and do nothing else. */
function reporterOf(namespace: string): object[] {
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
