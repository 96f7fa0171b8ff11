// Run by `npm run test:cluster`: what people change in a real cluster, at the edge and in the status.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hashSync } from "bcryptjs";
import { applyObjects } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import {
  assertChangeWithin,
  buildClassIngress,
  buildIngressesPath,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { buildServiceManifest } from "../support/manifests.ts";
import { startSyncProcess } from "../support/sync-cli.ts";

const LIMIT_MS = 3000;

const cluster = await startCluster();
after(() => cluster.close());
const harness = await startClusterHarness(cluster);
after(() => harness.close());
const { api, fetchAnswer: answer, waitForAnswer: answers, waitUntilLive: isLive, readStatus: status } = harness;
const [home, otherNamespace, deletedNamespace] = [
  await cluster.createNamespace(),
  await cluster.createNamespace(),
  await cluster.createNamespace(),
];
const ourClass = home; // in a cluster that is not ours, nobody else's
const job = await startSyncProcess({
  kubeconfig: cluster.kubeconfig,
  environment: harness.environment,
  args: [
    ...["--namespace", home, "--watch-namespace", home, otherNamespace, deletedNamespace],
    ...["--ingress-class", ourClass, "--watch-ingress-without-class"],
    ...["--publish-status-address", "edge.example.com"],
  ],
});
after(() => job.end());

describe("within 3 s the edge and the status show", () => {
  before(async () => {
    await harness.startOrigin("203.0.113.21:80", "web");
    await harness.startOrigin("203.0.113.22:80", "new");
    // So much else that what a test removes is less than a fifth of all routes.
    const paths = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`/${index}`, "web"]));
    const [web, newService] = [
      buildServiceManifest("web", ["203.0.113.21"]),
      buildServiceManifest("new", ["203.0.113.22"]),
    ];
    await applyObjects(cluster, otherNamespace, web, buildClassIngress(ourClass, "much", paths));
    await applyObjects(cluster, home, web, newService);
    await isLive(otherNamespace, "much");
  });

  test("an Ingress that is created, edited and deleted", async (t) => {
    const path = `${buildIngressesPath(home)}/one`;
    let liveGeneration = 0;
    await assertChangeWithin(t, LIMIT_MS, "created", {
      change: () => api.create(buildIngressesPath(home), buildClassIngress(ourClass, "one", { "/": "web" })),
      async waitForEffect() {
        await answers("http://one.example.com/", "web /");
        liveGeneration = await isLive(home, "one");
      },
    });
    assert.deepEqual(await status(home, "one"), { addresses: ["edge.example.com"], live: liveGeneration });
    await assertChangeWithin(t, LIMIT_MS, "edited", {
      change: () => api.patch(path, buildClassIngress(ourClass, "one", { "/": "new" })),
      async waitForEffect() {
        await answers("http://one.example.com/", "new /");
        await isLive(home, "one", liveGeneration);
      },
    });
    await assertChangeWithin(t, LIMIT_MS, "deleted", {
      change: () => api.remove(path),
      waitForEffect: () => answers("http://one.example.com/", "404"),
    });
  });

  const classes = {
    "spec.ingressClassName": [{ spec: { ingressClassName: ourClass } }, { spec: { ingressClassName: "other" } }],
    "the annotation": [buildClassPatch(ourClass), buildClassPatch("other")],
    "a class where there was none": [{ spec: { ingressClassName: null } }, { spec: { ingressClassName: "other" } }],
  } as const;
  for (const [field, [ourPatch, otherPatch]] of Object.entries(classes)) {
    test(`an Ingress that is given to another class and back, by ${field}`, async (t) => {
      const path = `${buildIngressesPath(home)}/lent`;
      await api.create(buildIngressesPath(home), buildClassIngress(undefined, "lent", { "/": "web" }));
      t.after(() => api.remove(path));
      await api.patch(path, ourPatch);
      await answers("http://lent.example.com/", "web /");
      const liveGeneration = await isLive(home, "lent");
      await assertChangeWithin(t, LIMIT_MS, "given away", {
        change: () => api.patch(path, otherPatch),
        async waitForEffect() {
          await answers("http://lent.example.com/", "404");
          await waitForValue(
            "lent",
            () => status(home, "lent"),
            (ingressStatus) => ingressStatus?.live === undefined,
          );
        },
      });
      assert.deepEqual(await status(home, "lent"), { addresses: [], live: undefined });
      await assertChangeWithin(t, LIMIT_MS, "taken back", {
        change: () => api.patch(path, ourPatch),
        async waitForEffect() {
          await answers("http://lent.example.com/", "web /");
          await isLive(home, "lent", liveGeneration);
        },
      });
    });
  }

  test("a Service whose external addresses change, on the Ingress that it is the backend of and on no other", async (t) => {
    const path = `/api/v1/namespaces/${home}/services/movable`;
    await applyObjects(
      cluster,
      home,
      buildServiceManifest("movable", ["203.0.113.21"]),
      buildClassIngress(ourClass, "movable", { "/": "movable" }),
    );
    const liveGeneration = await isLive(home, "movable");
    await answers("http://movable.example.com/", "web /");
    const statusBefore = await status(otherNamespace, "much");
    await assertChangeWithin(t, LIMIT_MS, "moved", {
      change: () => api.patch(path, { spec: { externalIPs: ["203.0.113.22"] } }),
      async waitForEffect() {
        await answers("http://movable.example.com/", "new /");
        await isLive(home, "movable", liveGeneration);
      },
    });
    assert.deepEqual(await status(otherNamespace, "much"), statusBefore);
  });

  test("a Secret with another password: the new one opens, and the old one does not", async (t) => {
    const prefix = "nginx.ingress.kubernetes.io";
    const basicAuth = { [`${prefix}/auth-type`]: "basic", [`${prefix}/auth-secret`]: "people" };
    await applyObjects(
      cluster,
      home,
      buildPasswordSecret("old"),
      buildClassIngress(ourClass, "shut", { "/": "web" }, basicAuth),
    );
    const liveGeneration = await isLive(home, "shut");
    const fetchWithPassword = (password: string) => answer("http://shut.example.com/", buildCredentials(password));
    await answers("http://shut.example.com/", "401");
    assert.deepEqual([await fetchWithPassword("old"), await fetchWithPassword("new")], ["web /", "401"]);
    await assertChangeWithin(t, LIMIT_MS, "changed", {
      change: () => api.patch(`/api/v1/namespaces/${home}/secrets/people`, buildPasswordSecret("new")),
      async waitForEffect() {
        await answers("http://shut.example.com/", "web /", buildCredentials("new"));
        await isLive(home, "shut", liveGeneration);
      },
    });
    assert.deepEqual([await fetchWithPassword("old"), await fetchWithPassword("new")], ["401", "web /"]);
  });

  test("a namespace that is deleted", async (t) => {
    const ingresses = [
      buildClassIngress(ourClass, "left", { "/": "web" }),
      buildClassIngress(ourClass, "right", { "/": "web" }),
    ];
    await applyObjects(cluster, deletedNamespace, buildServiceManifest("web", ["203.0.113.21"]), ...ingresses);
    await isLive(deletedNamespace, "left");
    await isLive(deletedNamespace, "right");
    await assertChangeWithin(t, 60_000, "deleted, and its Ingresses with it", {
      // The API server keeps the objects of such a namespace for some seconds more, and until then nothing has changed.
      change: () => cluster.kubectl(["delete", "namespace", deletedNamespace, "--wait=false"]),
      waitForEffect: () => waitForValue("right", () => status(deletedNamespace, "right"), undefined, 50_000),
    });
    await assertChangeWithin(t, LIMIT_MS, "gone from the edge", {
      async waitForEffect() {
        await answers("http://left.example.com/", "404");
        await answers("http://right.example.com/", "404");
      },
    });
    assert.equal(await answer("http://much.example.com/7"), "web /7");
  });
});

/** A patch. */
function buildClassPatch(name: string) {
  return { metadata: { annotations: { "kubernetes.io/ingress.class": name } } };
}

function buildPasswordSecret(password: string) {
  const auth = Buffer.from(`ann:${hashSync(password, 4)}`).toString("base64");
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "people" }, data: { auth } };
}

function buildCredentials(password: string) {
  return { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString("base64")}` };
}
