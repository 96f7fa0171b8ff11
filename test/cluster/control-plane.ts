// Run by `npm run test:cluster`: what the other tests of this folder rely on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { type Api, ApiError } from "../../sync/kubernetes/api.ts";
import { apiAs, apply } from "../support/cluster/cluster.ts";
import { controlPlane, untouchable } from "../support/cluster/control-plane.ts";
import { ingress, until } from "../support/edge.ts";
import { EXAMPLES } from "../support/edge-cli.ts";

const CONTROL_PLANE = fileURLToPath(new URL("../support/cluster/control-plane.ts", import.meta.url));
const Ingresses = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })) });

describe("a control plane of our own", { skip: untouchable }, () => {
  test("comes back after SIGKILL with everything, to clients that were there before", async () => {
    const own = await controlPlane();
    after(() => own.close());
    const namespace = await own.namespace();
    await apply(own, namespace, ingress("one", "one.example.com", { "/": "web" }));
    const api = apiAs(own.kubeconfig);
    const before = await listed(api, namespace);
    assert.equal(before.length, 1);

    await Promise.all([own.killApiServer(), own.killEtcd()]);
    await assert.rejects(listed(api, namespace));
    await own.startEtcd();
    await own.startApiServer();
    assert.deepEqual(await listed(api, namespace), before);

    await own.killEtcd();
    await own.startEtcd();
    assert.deepEqual(await listed(api, namespace), before);
  });

  test("can be an older one, that serves Ingresses as v1beta1 alone", async () => {
    const older = await controlPlane({ runtimeConfig: "networking.k8s.io/v1=false" });
    after(() => older.close());
    const namespace = await older.namespace();
    await older.kubectl(["apply", "--namespace", namespace, "--filename", join(EXAMPLES, "fanout")]);
    const api = apiAs(older.kubeconfig);
    const [first] = await listed(api, namespace, "v1beta1");
    assert.equal(first?.metadata.name, "my-ingress");
    await assert.rejects(listed(api, namespace), (error) => error instanceof ApiError && error.status === 404);
  });

  test("does not outlive the process that started it, however that ends", async () => {
    const folder = await mkdtemp(join(tmpdir(), "edgress-outlived-"));
    after(() => rm(folder, { recursive: true }));
    const script = `const { controlPlane } = await import(${JSON.stringify(CONTROL_PLANE)});
      await controlPlane(); console.log("started"); setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, TMPDIR: folder }, // which nobody is left to empty
      stdio: ["ignore", "pipe", "inherit"],
    });
    await Promise.race([once(starter.stdout, "data"), once(starter, "close")]);
    assert.equal(starter.exitCode, null);
    const children = (await readFile(`/proc/${starter.pid}/task/${starter.pid}/children`, "utf8")).trim().split(" ");
    assert.equal(children.length, 3);
    starter.kill("SIGKILL");
    await until(async () => (await Promise.all(children.map(isGone))).every(Boolean));
  });
});

async function listed(api: Api, namespace: string, version = "v1") {
  return Ingresses.parse(await api.get(`/apis/networking.k8s.io/${version}/namespaces/${namespace}/ingresses`)).items;
}

function isGone(pid: string): Promise<boolean> {
  return access(`/proc/${pid}`).then(
    () => false,
    () => true,
  );
}
