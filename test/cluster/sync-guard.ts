// Run by `npm run test:cluster`: what keeps a bad hour in a real cluster from the edge, and single rounds.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { apply } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { becomes, ingressesOf, ingressOf, inParallel, syncedWith, within } from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { edgress } from "../support/edge-cli.ts";
import { startSync } from "../support/sync-cli.ts";

const cluster = await startCluster();
after(() => cluster.close());
const synced = await syncedWith(cluster);
after(() => synced.close());
const { api, answer, answers, events, isLive, status } = synced;
const home = await cluster.namespace();
const environment = { ...synced.environment, KUBECONFIG: cluster.kubeconfig };
const options = ["--namespace", home, "--watch-namespace", home, "--ingress-class", home];
const names = Array.from({ length: 11 }, (_, index) => `many-${index}`);

before(async () => {
  await synced.origin("203.0.113.21:80", "web");
  const much = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/${index}`, "web"]));
  await apply(cluster, home, service("web", ["203.0.113.21"]), ingressOf(home, "much", much));
});

describe("a single round", () => {
  const once = (...args: string[]) => edgress(["sync", "--once", ...options, ...args], environment);
  const dryRun = (...args: string[]) => edgress(["sync", "--dry-run", ...options, ...args], environment);

  test("that is dry says what it would do and writes nothing, neither to the account nor to the cluster", async () => {
    const before = await everythingIn(home);
    const { code, stdout } = await dryRun();
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^\\+ much\\.example\\.com prefix /7 of ${home}/much#0\\.7$`, "m"));
    assert.match(stdout, /^would publish 1 hosts with 60 routes: 60 more, 0 fewer; generation 0 is in force$/m);
    const written = synced.edge.stack.account.requests.filter(
      ({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"),
    );
    assert.deepEqual(written, []);
    assert.equal(await everythingIn(home), before);
  });

  test("publishes, reports and gives the Lease back", async () => {
    assert.equal((await once("--publish-status-address", "192.0.2.7")).code, 0);
    await answers("http://much.example.com/7", "web /7");
    assert.deepEqual(await status(home, "much"), { addresses: ["192.0.2.7"], live: 1 });
    const holder = ["get", "lease", "edgress", "--namespace", home, "--output", "jsonpath={.spec.holderIdentity}"];
    assert.equal(await cluster.kubectl(holder), "");
  });

  test("ends with 1 where a path is not as its owner wants it, and publishes everything else", async (t) => {
    const two = [ingressOf(home, "good", { "/": "web" }), ingressOf(home, "bad", { "/": "missing" })];
    await apply(cluster, home, ...two);
    t.after(() => api.remove(`${ingressesOf(home)}/bad`));
    const dry = await dryRun();
    assert.equal(dry.code, 1);
    assert.match(dry.stdout, /Ingress \S+\/bad .*BackendNotFound|BackendNotFound.*Ingress \S+\/bad/);
    assert.equal((await once()).code, 1);
    await answers("http://good.example.com/", "web /");
    await answers("http://bad.example.com/", "503");
  });
});

describe("a sync job", () => {
  const start = () => startSync({ kubeconfig: cluster.kubeconfig, environment: synced.environment, args: options });
  const approve = (...args: string[]) => edgress(["approve", ...args, "--namespace", home], environment);

  test("holds back what would take the last route of many hosts, until that is approved", async (t) => {
    const job = await start();
    t.after(() => job.end());
    await apply(cluster, home, ...names.map((name) => ingressOf(home, name, { "/": "web" })));
    await inParallel(names, (name) => answers(`http://${name}.example.com/`, "web /"));
    assert.match((await approve()).stdout, /^nothing is held back in namespace /);

    await inParallel(names, (name) => api.remove(`${ingressesOf(home)}/${name}`));
    await job.line(/^held back: 11 hosts would lose their last route/);
    const shown = await becomes(
      "approve",
      () => approve(),
      ({ stdout }) => stdout.startsWith("held back since"),
    );
    for (const name of names) assert.match(shown.stdout, new RegExp(`^ {2}host ${name}\\.example\\.com$`, "m"));
    assert.equal(await job.metric("edgress_held_back_routes"), 11);
    await inParallel(names, async (name) => assert.equal(await answer(`http://${name}.example.com/`), "web /"));

    const other = await approve("0123456789ab");
    assert.equal(other.code, 2);
    assert.match(other.stderr, /^edgress: 0123456789ab is not what is held back: that is [0-9a-f]{12};/);
    const [, id = ""] = /^edgress approve (\S+) /m.exec(shown.stdout) ?? [];
    await within(t, 3000, "approved", {
      change: async () => assert.equal((await approve(id)).code, 0),
      seen: () => inParallel(names, (name) => answers(`http://${name}.example.com/`, "404")),
    });
    const after = await becomes(
      "approve",
      () => approve(),
      ({ stdout }) => !stdout.startsWith("held back since"),
    );
    assert.match(after.stdout, /^nothing is held back in namespace /);
    assert.equal(await job.metric("edgress_held_back_routes"), 0);
  });

  test("serves an Ingress as it was that was broken while it was down, and tells its owner", async (t) => {
    const path = `${ingressesOf(home)}/edited`;
    const before = await start();
    await api.create(ingressesOf(home), ingressOf(home, "edited", { "/cart": "web" }));
    await answers("http://edited.example.com/cart", "web /cart");
    await isLive(home, "edited");
    await before.end();
    const regex = { "nginx.ingress.kubernetes.io/use-regex": "true" };
    await api.patch(path, ingressOf(home, "edited", { "/(cart": "web" }, regex));

    const job = await start();
    t.after(() => job.end());
    await api.create(ingressesOf(home), ingressOf(home, "later", { "/": "web" }));
    await answers("http://later.example.com/", "web /");
    assert.equal(await answer("http://edited.example.com/cart"), "web /cart");
    assert.equal(await job.metric("edgress_quarantined_ingresses"), 1);
    const told = await becomes(
      "Events",
      () => events(home, "edited"),
      (found) => found.length >= 3,
    );
    assert.match(
      told.join("\n"),
      /^Warning Quarantined: spec: it does not compile since \S+, and is served as it was/m,
    );
    assert.match(told.join("\n"), /^Warning ExpressionRefused: /m);

    await within(t, 3000, "corrected", {
      change: () => api.patch(path, ingressOf(home, "edited", { "/cart/(\\d+)": "web" }, regex)),
      seen: () => answers("http://edited.example.com/cart", "404"),
    });
    assert.equal(await answer("http://edited.example.com/cart/7"), "web /cart/7");
    assert.equal(await job.metric("edgress_quarantined_ingresses"), 0);
  });
});

/** The versions of all objects of a namespace that a sync job may write. */
function everythingIn(namespace: string): Promise<string> {
  const kinds = "ingresses,services,configmaps,leases,events";
  const version = "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}";
  return cluster.kubectl(["get", kinds, "--namespace", namespace, "--output", version]);
}
