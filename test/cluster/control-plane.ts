// Run by `npm run test:cluster`: the local control plane of the other tests.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { ApiError, type KubernetesClient } from "../../sync/kubernetes/client.ts";
import { EXAMPLES } from "../support/cli/edge-cli.ts";
import { applyObjects, connectWithKubeconfig } from "../support/cluster/cluster.ts";
import { externalClusterSkipReason, startControlPlane } from "../support/cluster/control-plane.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const CONTROL_PLANE = fileURLToPath(new URL("../support/cluster/control-plane.ts", import.meta.url));
const Ingresses = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })) });

describe("a local control plane", { skip: externalClusterSkipReason }, () => {
  test("A killed control plane restarts with all objects and for existing clients", async () => {
    const plane = await startControlPlane();
    after(() => plane.close());
    const namespace = await plane.createNamespace();
    await applyObjects(plane, namespace, buildIngressManifest("one", "one.example.com", { "/": "web" }));
    const api = connectWithKubeconfig(plane.kubeconfig);
    const ingressesBefore = await listIngresses(api, namespace);
    assert.equal(ingressesBefore.length, 1);

    await Promise.all([plane.killApiServer(), plane.killEtcd()]);
    await assert.rejects(listIngresses(api, namespace));
    await plane.startEtcd();
    await plane.startApiServer();
    assert.deepEqual(await listIngresses(api, namespace), ingressesBefore);

    await plane.killEtcd();
    await plane.startEtcd();
    assert.deepEqual(await listIngresses(api, namespace), ingressesBefore);
  });

  test("A control plane can serve only Ingresses of v1beta1", async () => {
    const plane = await startControlPlane({ runtimeConfig: "networking.k8s.io/v1=false" });
    after(() => plane.close());
    const namespace = await plane.createNamespace();
    await plane.kubectl(["apply", "--namespace", namespace, "--filename", join(EXAMPLES, "fanout")]);
    const api = connectWithKubeconfig(plane.kubeconfig);
    const [firstIngress] = await listIngresses(api, namespace, "v1beta1");
    assert.equal(firstIngress?.metadata.name, "my-ingress");
    await assert.rejects(listIngresses(api, namespace), (error) => error instanceof ApiError && error.status === 404);
  });

  test("A control plane ends with the process that started it, even after SIGKILL", async () => {
    const folder = await mkdtemp(join(tmpdir(), "edgress-outlived-"));
    after(() => rm(folder, { recursive: true }));
    const script = `const { startControlPlane } = await import(${JSON.stringify(CONTROL_PLANE)});
      await startControlPlane(); console.log("started"); setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, TMPDIR: folder }, // the killed process cannot empty it
      stdio: ["ignore", "pipe", "inherit"],
    });
    await Promise.race([once(starter.stdout, "data"), once(starter, "close")]);
    assert.equal(starter.exitCode, null);
    const children = (await readFile(`/proc/${starter.pid}/task/${starter.pid}/children`, "utf8")).trim().split(" ");
    assert.equal(children.length, 3);
    starter.kill("SIGKILL");
    await waitFor(async () => (await Promise.all(children.map(hasExited))).every(Boolean));
  });
});

async function listIngresses(api: KubernetesClient, namespace: string, version = "v1") {
  return Ingresses.parse(await api.get(`/apis/networking.k8s.io/${version}/namespaces/${namespace}/ingresses`)).items;
}

function hasExited(pid: string): Promise<boolean> {
  return access(`/proc/${pid}`).then(
    () => false,
    () => true,
  );
}
