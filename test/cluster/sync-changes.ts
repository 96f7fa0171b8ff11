// Run by `npm run test:cluster`: the time until the edge and the status show a change.
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
import { startControllerProcess } from "../support/controller/controller-process.ts";
import { buildServiceManifest } from "../support/manifests.ts";

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
const ourClass = home; // unique in an external cluster
const controller = await startControllerProcess({
  kubeconfig: cluster.kubeconfig,
  environment: harness.environment,
  args: [
    ...["--namespace", home, "--watch-namespace", home, otherNamespace, deletedNamespace],
    ...["--ingress-class", ourClass, "--watch-ingress-without-class"],
    ...["--publish-status-address", "edge.example.com"],
  ],
});
after(() => controller.end());

describe("changes in a cluster", () => {
  before(async () => {
    await harness.startOrigin("203.0.113.21:80", "web");
    await harness.startOrigin("203.0.113.22:80", "new");
    // 50 routes, so that each test removes less than 20 % of all routes.
    const paths = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`/${index}`, "web"]));
    const [web, newService] = [
      buildServiceManifest("web", ["203.0.113.21"]),
      buildServiceManifest("new", ["203.0.113.22"]),
    ];
    await applyObjects(cluster, otherNamespace, web, buildClassIngress(ourClass, "much", paths));
    await applyObjects(cluster, home, web, newService);
    await isLive(otherNamespace, "much");
  });

  test("The edge and the status show a created, edited and deleted Ingress within 3 s", async (t) => {
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
    "the class annotation": [buildClassPatch(ourClass), buildClassPatch("other")],
    "a class on an Ingress without one": [
      { spec: { ingressClassName: null } },
      { spec: { ingressClassName: "other" } },
    ],
  } as const;
  for (const [field, [ourPatch, otherPatch]] of Object.entries(classes)) {
    test(`The edge and the status show within 3 s that ${field} moves an Ingress to another class and back`, async (t) => {
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

  test("The edge shows a changed Service address within 3 s, and only the status of its Ingress changes", async (t) => {
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

  test("The edge accepts a changed password within 3 s, and rejects the old one", async (t) => {
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

  test("The edge drops the Ingresses of a deleted namespace within 3 s", async (t) => {
    const ingresses = [
      buildClassIngress(ourClass, "left", { "/": "web" }),
      buildClassIngress(ourClass, "right", { "/": "web" }),
    ];
    await applyObjects(cluster, deletedNamespace, buildServiceManifest("web", ["203.0.113.21"]), ...ingresses);
    await isLive(deletedNamespace, "left");
    await isLive(deletedNamespace, "right");
    await assertChangeWithin(t, 60_000, "deleted, and its Ingresses with it", {
      // The API server removes the objects of the namespace some seconds later.
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
