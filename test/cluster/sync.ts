// Run by `npm run test:cluster`: the controller, a real API server and the edge.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { EXAMPLES } from "../support/cli/edge-cli.ts";
import { applyObjects } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import {
  assertChangeWithin,
  buildClassIngress,
  buildIngressesPath,
  runInParallel,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { startControllerProcess } from "../support/controller/controller-process.ts";
import { buildServiceManifest } from "../support/manifests.ts";

const cluster = await startCluster();
after(() => cluster.close());
const harness = await startClusterHarness(cluster, ["example.com", "bar.com"]);
after(() => harness.close());
const { waitForAnswer: answers, generation, waitUntilLive: isLive, readStatus: status } = harness;
const [home, crowd] = [await cluster.createNamespace(), await cluster.createNamespace()];
const ourClass = home; // unique in an external cluster
const controller = await startControllerProcess({
  kubeconfig: cluster.kubeconfig,
  environment: harness.environment,
  args: [
    ...["--namespace", home, "--watch-namespace", home, crowd],
    ...["--ingress-class", ourClass, "--watch-ingress-without-class"],
    ...["--publish-status-address", "edge.example.com"],
  ],
});
after(() => controller.end());
const versions = (await cluster.kubectl(["api-versions"])).split("\n");
const noOldVersions = !versions.includes("extensions/v1beta1") && "this cluster no longer serves extensions/v1beta1";

describe("examples of extensions/v1beta1", { skip: noOldVersions }, () => {
  const fanout = {
    "http://foo.bar.com/foo/x": "my-service-1 /x",
    "http://foo.bar.com/bar": "my-service-2 /",
    "http://foo.bar.com/": "404",
  };
  const singleBackend = { "http://any.example.com/x": "my-service /x", "http://foo.bar.com/": "my-service /" };

  for (const [example, expected] of Object.entries({ fanout, "single-backend": singleBackend })) {
    test(`The example ${example} of extensions/v1beta1 is live within 3 s`, async (t) => {
      await harness.startOrigin("203.0.113.10:80", "my-service");
      await harness.startOrigin("203.0.113.11:80", "my-service-1");
      await harness.startOrigin("203.0.113.12:80", "my-service-2");
      const [firstUrl = ""] = Object.keys(expected);
      const filenames = ["--namespace", home, "--filename", join(EXAMPLES, example)];
      await assertChangeWithin(t, 3000, "applied", {
        change: () => cluster.kubectl(["apply", ...filenames]),
        async waitForEffect() {
          for (const [url, expectedAnswer] of Object.entries(expected)) await answers(url, expectedAnswer);
          await isLive(home, "my-ingress");
        },
      });
      assert.deepEqual((await status(home, "my-ingress"))?.addresses, ["edge.example.com"]);
      await assertChangeWithin(t, 3000, "deleted", {
        change: () => cluster.kubectl(["delete", ...filenames]),
        waitForEffect: () => answers(firstUrl, "404"),
      });
    });
  }
});

test("1,000 Ingresses that are created in parallel are live within 30 s and eight generations", async (t) => {
  const names = Array.from({ length: 1000 }, (_, index) => `n-${index}`);
  await harness.startOrigin("203.0.113.31:80", "web");
  await applyObjects(cluster, crowd, buildServiceManifest("web", ["203.0.113.31"]));
  const generationBefore = await generation();
  const startedAt = performance.now();
  const reportTime = (label: string) => t.diagnostic(`${label} after ${Math.round(performance.now() - startedAt)} ms`);
  await assertChangeWithin(t, 30_000, "all of it", {
    async change() {
      const createIngress = (name: string) =>
        harness.api.create(buildIngressesPath(crowd), buildClassIngress(ourClass, name, { "/": "web" }));
      await runInParallel(names, createIngress);
      reportTime("created");
    },
    async waitForEffect() {
      await runInParallel(names, (name) => answers(`http://${name}.example.com/`, "web /"));
      reportTime("live");
      await runInParallel(names, (name) => isLive(crowd, name));
      reportTime("status written");
    },
  });
  const generations = (await generation()) - generationBefore;
  t.diagnostic(`${generations} generations`);
  assert(generations <= 8, `${generations} generations`);
});

describe("An Ingress whose paths return 503", () => {
  test("It gets an Event and no address, so external-dns cannot move its host, until its Service has an address", async () => {
    await applyObjects(cluster, home, buildClassIngress(ourClass, "closed", { "/": "later" }));
    await waitForValue(
      "the Events of closed",
      () => harness.listEvents(home, "closed"),
      (events) => events.some((event) => event.startsWith("Warning ClosedIngress: ")),
    );
    assert.deepEqual(await status(home, "closed"), { addresses: [], live: undefined });
    await applyObjects(cluster, home, buildServiceManifest("later", ["203.0.113.23"]));
    await isLive(home, "closed");
    assert.deepEqual((await status(home, "closed"))?.addresses, ["edge.example.com"]);
    await cluster.kubectl(["delete", "service", "later", "--namespace", home]);
    await answers("http://closed.example.com/", "503");
    assert.deepEqual((await status(home, "closed"))?.addresses, ["edge.example.com"]);
  });
});
