// Run by `npm run test:cluster`: killed and older control planes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EXAMPLES } from "../support/cli/edge-cli.ts";
import { applyObjects } from "../support/cluster/cluster.ts";
import { externalClusterSkipReason, startControlPlane } from "../support/cluster/control-plane.ts";
import {
  assertChangeWithin,
  buildClassIngress,
  buildIngressesPath,
  type ClusterHarness,
  runInParallel,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { startControllerProcess } from "../support/controller/controller-process.ts";
import { buildServiceManifest } from "../support/manifests.ts";

const CHANGE_INTERVAL_MS = 50;
const CLIENTS = 4;
/** A watch is retried after up to 15 s, and during constant changes a sync starts every 10 s. */
const MAX_RECOVERY_MS = 30_000;

describe("an unreliable control plane", { skip: externalClusterSkipReason }, () => {
  test("The controller loses and deletes nothing when the API server and etcd are killed under load", async (t) => {
    const plane = await startControlPlane();
    t.after(() => plane.close());
    const harness = await startClusterHarness(plane);
    t.after(() => harness.close());
    const home = await plane.createNamespace();
    const controller = await startControllerProcess({
      kubeconfig: plane.kubeconfig,
      environment: harness.environment,
      // The guard would hide a wrong deletion.
      args: ["--namespace", home, "--allow-mass-deletion"],
    });
    t.after(() => controller.end());
    await harness.startOrigin("203.0.113.21:80", "web");
    await applyObjects(plane, home, buildServiceManifest("web", ["203.0.113.21"]));
    const names = Array.from({ length: 60 }, (_, index) => `old-${index}`);
    await runInParallel(names, (name) => createIngress(harness, home, name));
    await runInParallel(names, (name) => harness.waitUntilLive(home, name));
    await runInParallel(names, (name) => harness.waitForAnswer(`http://${name}.example.com/`, "web /"));

    const abortController = new AbortController();
    t.after(() => abortController.abort());
    const responses = Promise.all(
      Array.from({ length: CLIENTS }, () => sendRequestsUntil(harness, names, abortController.signal)),
    );
    const changes = createIngressesUntil(harness, home, abortController.signal);
    const failures = () => controller.metric('edgress_watch_failures_total{resource="ingresses"}');

    await Promise.all([plane.killApiServer(), plane.killEtcd()]);
    await waitForValue("failed watches", failures, (count) => count >= 3);
    await plane.startEtcd();
    await plane.startApiServer();
    await assertChangeWithin(t, MAX_RECOVERY_MS, "API server and etcd back, and a change live", {
      waitForEffect: () => waitUntilChangeIsLive("first"),
    });

    await plane.killEtcd();
    await assert.rejects(plane.kubectl(["get", "--raw", "/readyz"]), /etcd failed/);
    await plane.startEtcd();
    await assertChangeWithin(t, MAX_RECOVERY_MS, "etcd back, and a change live", {
      waitForEffect: () => waitUntilChangeIsLive("second"),
    });

    const failuresBefore = await failures();
    await plane.killApiServer();
    await waitForValue("failed watches", failures, (count) => count > failuresBefore);
    await plane.startApiServer();
    await assertChangeWithin(t, MAX_RECOVERY_MS, "API server back, and a change live", {
      waitForEffect: () => waitUntilChangeIsLive("third"),
    });

    abortController.abort();
    const [answers, { created, refused }] = [(await responses).flat(), await changes];
    t.diagnostic(`${answers.length} requests; ${created.length} accepted changes, ${refused} refused`);
    assert.deepEqual([...new Set(answers)], ["web /"]);
    assert(created.length > 0 && refused > 0);
    await runInParallel([...names, ...created], (name) =>
      harness.waitForAnswer(`http://${name}.example.com/`, "web /"),
    );
    await runInParallel([...names, ...created], (name) => harness.waitUntilLive(home, name));

    async function waitUntilChangeIsLive(name: string): Promise<void> {
      await waitForValue(name, () => tryCreateIngress(harness, home, name), true);
      await waitForValue(name, () => harness.fetchAnswer(`http://${name}.example.com/`), "web /", MAX_RECOVERY_MS);
      await harness.waitUntilLive(home, name);
    }
  });

  test("The controller serves the examples from an API server that has only v1beta1", async (t) => {
    const plane = await startControlPlane({ runtimeConfig: "networking.k8s.io/v1=false" });
    t.after(() => plane.close());
    const harness = await startClusterHarness(plane, ["example.com", "bar.com"]);
    t.after(() => harness.close());
    const [home, otherNamespace] = [await plane.createNamespace(), await plane.createNamespace()];
    const args = ["--namespace", home, "--watch-ingress-without-class", "--publish-status-address", "192.0.2.7"];
    const controller = await startControllerProcess({
      kubeconfig: plane.kubeconfig,
      environment: harness.environment,
      args,
    });
    t.after(() => controller.end());
    await harness.startOrigin("203.0.113.10:80", "my-service");
    await harness.startOrigin("203.0.113.11:80", "my-service-1");
    await harness.startOrigin("203.0.113.12:80", "my-service-2");

    await assertChangeWithin(t, 3000, "fanout applied", {
      change: () => plane.kubectl(["apply", "--namespace", home, "--filename", join(EXAMPLES, "fanout")]),
      waitForEffect: () => harness.waitForAnswer("http://foo.bar.com/foo/x", "my-service-1 /x"),
    });
    await assertChangeWithin(t, 3000, "single-backend applied", {
      change: () =>
        plane.kubectl(["apply", "--namespace", otherNamespace, "--filename", join(EXAMPLES, "single-backend")]),
      waitForEffect: () => harness.waitForAnswer("http://any.example.com/x", "my-service /x"),
    });
    await harness.waitForAnswer("http://foo.bar.com/bar", "my-service-2 /");
    const status = () => plane.kubectl(["get", "ingresses", "--namespace", home, "--output", "yaml"]);
    await waitForValue("the status", status, (text) => text.includes("ip: 192.0.2.7"));
  });
});

/** Sends requests until `signal` is aborted, and returns the answers. */
async function sendRequestsUntil(
  { fetchAnswer }: ClusterHarness,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const answers: string[] = [];
  for (let turn = 0; !signal.aborted; turn++) {
    const name = names[turn % names.length];
    answers.push(await fetchAnswer(`http://${name}.example.com/`).catch((error: Error) => error.message));
  }
  return answers;
}

/** Creates Ingresses until `signal` is aborted. Returns the created names and the number of refusals. */
async function createIngressesUntil(harness: ClusterHarness, namespace: string, signal: AbortSignal) {
  const created: string[] = [];
  let refused = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const name = `new-${turn}`;
    if (await tryCreateIngress(harness, namespace, name)) created.push(name);
    else refused++;
    await sleep(CHANGE_INTERVAL_MS);
  }
  return { created, refused };
}

async function tryCreateIngress(harness: ClusterHarness, namespace: string, name: string): Promise<boolean> {
  return await createIngress(harness, namespace, name).then(
    () => true,
    () => false,
  );
}

function createIngress({ api }: ClusterHarness, namespace: string, name: string): Promise<unknown> {
  return api.create(buildIngressesPath(namespace), buildClassIngress("edgress", name, { "/": "web" }));
}
