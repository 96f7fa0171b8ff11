// Run by `npm run test:cluster`: the control plane dies under the sync job, and is an older one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { apply } from "../support/cluster/cluster.ts";
import { controlPlane, untouchable } from "../support/cluster/control-plane.ts";
import {
  becomes,
  ingressesOf,
  ingressOf,
  inParallel,
  type Synced,
  syncedWith,
  within,
} from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { EXAMPLES } from "../support/edge-cli.ts";
import { startSync } from "../support/sync-cli.ts";

const CHANGE_MS = 50;
const CLIENTS = 4;
/** A watch rests up to 15 s between tries; and while changes never cease, rounds come every 10 s. */
const BACK_MS = 30_000;

describe("the sync job", { skip: untouchable }, () => {
  test("loses and deletes nothing where the API server and etcd are killed under load", async (t) => {
    const plane = await controlPlane();
    t.after(() => plane.close());
    const synced = await syncedWith(plane);
    t.after(() => synced.close());
    const home = await plane.namespace();
    const job = await startSync({
      kubeconfig: plane.kubeconfig,
      environment: synced.environment,
      args: ["--namespace", home, "--publish-status-address", "edge.example.com"],
    });
    t.after(() => job.end());
    await synced.origin("203.0.113.21:80", "web");
    await apply(plane, home, service("web", ["203.0.113.21"]));
    const names = Array.from({ length: 60 }, (_, index) => `old-${index}`);
    await inParallel(names, (name) => create(synced, home, name));
    await inParallel(names, (name) => synced.isLive(home, name));
    await inParallel(names, (name) => synced.answers(`http://${name}.example.com/`, "web /"));

    const over = new AbortController();
    t.after(() => over.abort());
    const asked = Promise.all(Array.from({ length: CLIENTS }, () => askOn(synced, names, over.signal)));
    const changed = changeOn(synced, home, over.signal);
    const failures = () => job.metric('edgress_watch_failures_total{resource="ingresses"}');

    await Promise.all([plane.killApiServer(), plane.killEtcd()]);
    await becomes("failed watches", failures, (count) => count >= 3);
    await plane.startEtcd();
    await plane.startApiServer();
    await within(t, BACK_MS, "API server and etcd back, and a change live", { seen: () => changeIsLive("first") });

    await plane.killEtcd();
    await assert.rejects(plane.kubectl(["get", "--raw", "/readyz"]), /etcd failed/);
    await plane.startEtcd();
    await within(t, BACK_MS, "etcd back, and a change live", { seen: () => changeIsLive("second") });

    const before = await failures();
    await plane.killApiServer();
    await becomes("failed watches", failures, (count) => count > before);
    await plane.startApiServer();
    await within(t, BACK_MS, "API server back, and a change live", { seen: () => changeIsLive("third") });

    over.abort();
    const [answers, { created, refused }] = [(await asked).flat(), await changed];
    t.diagnostic(`${answers.length} requests; ${created.length} changes that were taken, ${refused} that were not`);
    assert.deepEqual(
      answers.filter((answer) => answer !== "web /"),
      [],
    );
    assert(created.length > 0 && refused > 0);
    await inParallel([...names, ...created], (name) => synced.answers(`http://${name}.example.com/`, "web /"));
    await inParallel([...names, ...created], (name) => synced.isLive(home, name));

    async function changeIsLive(name: string): Promise<void> {
      await becomes(name, () => isCreated(synced, home, name), true);
      await becomes(name, () => synced.answer(`http://${name}.example.com/`), "web /", BACK_MS);
      await synced.isLive(home, name);
    }
  });

  test("serves the examples of an API server that has v1beta1 alone", async (t) => {
    const older = await controlPlane({ runtimeConfig: "networking.k8s.io/v1=false" });
    t.after(() => older.close());
    const synced = await syncedWith(older, ["example.com", "bar.com"]);
    t.after(() => synced.close());
    const [home, other] = [await older.namespace(), await older.namespace()];
    const args = ["--namespace", home, "--watch-ingress-without-class", "--publish-status-address", "192.0.2.7"];
    const job = await startSync({ kubeconfig: older.kubeconfig, environment: synced.environment, args });
    t.after(() => job.end());
    await synced.origin("203.0.113.10:80", "my-service");
    await synced.origin("203.0.113.11:80", "my-service-1");
    await synced.origin("203.0.113.12:80", "my-service-2");

    await within(t, 3000, "fanout applied", {
      change: () => older.kubectl(["apply", "--namespace", home, "--filename", join(EXAMPLES, "fanout")]),
      seen: () => synced.answers("http://foo.bar.com/foo/x", "my-service-1 /x"),
    });
    await within(t, 3000, "single-backend applied", {
      change: () => older.kubectl(["apply", "--namespace", other, "--filename", join(EXAMPLES, "single-backend")]),
      seen: () => synced.answers("http://any.example.com/x", "my-service /x"),
    });
    await synced.answers("http://foo.bar.com/bar", "my-service-2 /");
    const status = () => older.kubectl(["get", "ingresses", "--namespace", home, "--output", "yaml"]);
    await becomes("the status", status, (text) => text.includes("ip: 192.0.2.7"));
  });
});

/** One client: what it is answered, until `over`. */
async function askOn({ answer }: Synced, names: readonly string[], over: AbortSignal): Promise<string[]> {
  const answers: string[] = [];
  for (let turn = 0; !over.aborted; turn++) {
    const name = names[turn % names.length];
    answers.push(await answer(`http://${name}.example.com/`).catch((error: Error) => error.message));
  }
  return answers;
}

/** Goes on creating Ingresses until `over`: the names of those that the API server has taken, and how many it has not. */
async function changeOn(synced: Synced, namespace: string, over: AbortSignal) {
  const created: string[] = [];
  let refused = 0;
  for (let turn = 0; !over.aborted; turn++) {
    const name = `new-${turn}`;
    if (await isCreated(synced, namespace, name)) created.push(name);
    else refused++;
    await sleep(CHANGE_MS);
  }
  return { created, refused };
}

async function isCreated(synced: Synced, namespace: string, name: string): Promise<boolean> {
  return await create(synced, namespace, name).then(
    () => true,
    () => false,
  );
}

function create({ api }: Synced, namespace: string, name: string): Promise<unknown> {
  return api.create(ingressesOf(namespace), ingressOf("edgress", name, { "/": "web" }));
}
