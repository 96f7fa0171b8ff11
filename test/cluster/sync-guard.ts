// Run by `npm run test:cluster`: mass deletions, last good versions and single syncs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { runEdgress } from "../support/cli/edge-cli.ts";
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
const harness = await startClusterHarness(cluster);
after(() => harness.close());
const {
  api,
  fetchAnswer: answer,
  waitForAnswer: answers,
  listEvents: events,
  waitUntilLive: isLive,
  readStatus: status,
} = harness;
const home = await cluster.createNamespace();
const environment = { ...harness.environment, KUBECONFIG: cluster.kubeconfig };
const options = ["--namespace", home, "--watch-namespace", home, "--ingress-class", home];
const names = Array.from({ length: 11 }, (_, index) => `many-${index}`);

before(async () => {
  await harness.startOrigin("203.0.113.21:80", "web");
  const manyPaths = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/${index}`, "web"]));
  await applyObjects(
    cluster,
    home,
    buildServiceManifest("web", ["203.0.113.21"]),
    buildClassIngress(home, "much", manyPaths),
  );
});

describe("edgress sync --once and --dry-run", () => {
  const syncOnce = (...args: string[]) => runEdgress(["sync", "--once", ...options, ...args], environment);
  const dryRun = (...args: string[]) => runEdgress(["sync", "--dry-run", ...options, ...args], environment);

  test("A dry run prints its changes and writes nothing to the account or the cluster", async () => {
    const versionsBefore = await listObjectVersions(home);
    const { code, stdout } = await dryRun();
    assert.equal(code, 2);
    assert.match(stdout, new RegExp(`^\\+ route much\\.example\\.com prefix /0 of ${home}/much$`, "m"));
    assert.match(stdout, /^would publish 1 host with 60 routes; generation 0 is active$/m);
    const writes = harness.edge.stack.account.requests.filter(
      ({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"),
    );
    assert.deepEqual(writes, []);
    assert.equal(await listObjectVersions(home), versionsBefore);
  });

  test("A single sync publishes, reports and releases the Lease", async () => {
    assert.equal((await syncOnce("--publish-status-address", "192.0.2.7")).code, 0);
    await answers("http://much.example.com/7", "web /7");
    assert.deepEqual(await status(home, "much"), { addresses: ["192.0.2.7"], live: 1 });
    const holder = ["get", "lease", "edgress", "--namespace", home, "--output", "jsonpath={.spec.holderIdentity}"];
    assert.equal(await cluster.kubectl(holder), "");
  });

  test("A single sync with a dropped route exits with 1 and publishes everything else", async (t) => {
    const ingresses = [
      buildClassIngress(home, "good", { "/": "web" }),
      buildClassIngress(home, "bad", { "/": "missing" }),
    ];
    await applyObjects(cluster, home, ...ingresses);
    t.after(() => api.remove(`${buildIngressesPath(home)}/bad`));
    const dryRunResult = await dryRun();
    assert.equal(dryRunResult.code, 1);
    assert.match(dryRunResult.stdout, /Ingress \S+\/bad .*ServiceNotFound|ServiceNotFound.*Ingress \S+\/bad/);
    assert.equal((await syncOnce()).code, 1);
    await answers("http://good.example.com/", "web /");
    await answers("http://bad.example.com/", "503");
  });
});

describe("a controller and a bad change", () => {
  const start = () =>
    startControllerProcess({ kubeconfig: cluster.kubeconfig, environment: harness.environment, args: options });
  const approve = (...args: string[]) => runEdgress(["approve", ...args, "--namespace", home], environment);

  test("A deletion of the last route of 11 hosts is blocked until it is approved", async (t) => {
    const controller = await start();
    t.after(() => controller.end());
    await applyObjects(cluster, home, ...names.map((name) => buildClassIngress(home, name, { "/": "web" })));
    await runInParallel(names, (name) => answers(`http://${name}.example.com/`, "web /"));
    assert.match((await approve()).stdout, /^no deletion is blocked in namespace /);

    await runInParallel(names, (name) => api.remove(`${buildIngressesPath(home)}/${name}`));
    await controller.waitForLine(/^deletion blocked: 11 hosts would lose their last route/);
    const approval = await waitForValue(
      "approve",
      () => approve(),
      ({ stdout }) => stdout.startsWith("blocked since"),
    );
    for (const name of names) assert.match(approval.stdout, new RegExp(`^ {2}host ${name}\\.example\\.com$`, "m"));
    assert.equal(await controller.metric("edgress_blocked_route_removals"), 11);
    await runInParallel(names, async (name) => assert.equal(await answer(`http://${name}.example.com/`), "web /"));

    const rejection = await approve("0123456789ab");
    assert.equal(rejection.code, 2);
    assert.match(
      rejection.stderr,
      /^edgress: id does not match the blocked deletion: 0123456789ab\. Review the deletion [0-9a-f]{12},/,
    );
    const [, id = ""] = /^edgress approve (\S+) /m.exec(approval.stdout) ?? [];
    assert.equal((await approve(id)).code, 0); // not timed: a process that starts on a slow machine takes 2 s
    await assertChangeWithin(t, 3000, "approved", {
      waitForEffect: () => runInParallel(names, (name) => answers(`http://${name}.example.com/`, "404")),
    });
    const finalOutput = await waitForValue(
      "approve",
      () => approve(),
      ({ stdout }) => !stdout.startsWith("blocked since"),
    );
    assert.match(finalOutput.stdout, /^no deletion is blocked in namespace /);
    assert.equal(await controller.metric("edgress_blocked_route_removals"), 0);
  });

  test("A restarted controller serves the last good version of an Ingress that became invalid meanwhile", async (t) => {
    const path = `${buildIngressesPath(home)}/edited`;
    const firstController = await start();
    await api.create(buildIngressesPath(home), buildClassIngress(home, "edited", { "/cart": "web" }));
    await answers("http://edited.example.com/cart", "web /cart");
    await isLive(home, "edited");
    await firstController.end();
    const regex = { "nginx.ingress.kubernetes.io/use-regex": "true" };
    await api.patch(path, buildClassIngress(home, "edited", { "/(cart": "web" }, regex));

    const controller = await start();
    t.after(() => controller.end());
    await api.create(buildIngressesPath(home), buildClassIngress(home, "later", { "/": "web" }));
    await answers("http://later.example.com/", "web /");
    assert.equal(await answer("http://edited.example.com/cart"), "web /cart");
    assert.equal(await controller.metric("edgress_last_good_ingresses"), 1);
    const eventLines = await waitForValue(
      "Events",
      () => events(home, "edited"),
      (lines) => lines.length >= 3,
    );
    assert.match(
      eventLines.join("\n"),
      /^Warning ServingLastGood: spec: Ingress has not compiled since \S+; its last good version is served/m,
    );
    assert.match(eventLines.join("\n"), /^Warning UnsafeRegex: /m);

    await assertChangeWithin(t, 3000, "corrected", {
      change: () => api.patch(path, buildClassIngress(home, "edited", { "/cart/(\\d+)": "web" }, regex)),
      waitForEffect: () => answers("http://edited.example.com/cart", "404"),
    });
    assert.equal(await answer("http://edited.example.com/cart/7"), "web /cart/7");
    assert.equal(await controller.metric("edgress_last_good_ingresses"), 0);
  });
});

/** Returns the versions of all objects that a controller can write in a namespace. */
function listObjectVersions(namespace: string): Promise<string> {
  const kinds = "ingresses,services,configmaps,leases,events";
  const version = "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}";
  return cluster.kubectl(["get", kinds, "--namespace", namespace, "--output", version]);
}
