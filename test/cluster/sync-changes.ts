// Run by `npm run test:cluster`: what people change in a real cluster, at the edge and in the status.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hashSync } from "bcryptjs";
import { apply } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { becomes, ingressesOf, ingressOf, syncedWith, within } from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { startSync } from "../support/sync-cli.ts";

const LIMIT_MS = 3000;

const cluster = await startCluster();
after(() => cluster.close());
const synced = await syncedWith(cluster);
after(() => synced.close());
const { api, answer, answers, isLive, status } = synced;
const [home, neighbour, doomed] = [await cluster.namespace(), await cluster.namespace(), await cluster.namespace()];
const ourClass = home; // in a cluster that is not ours, nobody else's
const job = await startSync({
  kubeconfig: cluster.kubeconfig,
  environment: synced.environment,
  args: [
    ...["--namespace", home, "--watch-namespace", home, neighbour, doomed],
    ...["--ingress-class", ourClass, "--watch-ingress-without-class"],
    ...["--publish-status-address", "edge.example.com"],
  ],
});
after(() => job.end());

describe("within 3 s the edge and the status show", () => {
  before(async () => {
    await synced.origin("203.0.113.21:80", "web");
    await synced.origin("203.0.113.22:80", "new");
    // So much else that what a test removes is less than a fifth of all routes.
    const paths = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`/${index}`, "web"]));
    const [web, fresh] = [service("web", ["203.0.113.21"]), service("new", ["203.0.113.22"])];
    await apply(cluster, neighbour, web, ingressOf(ourClass, "much", paths));
    await apply(cluster, home, web, fresh);
    await isLive(neighbour, "much");
  });

  test("an Ingress that is created, edited and deleted", async (t) => {
    const path = `${ingressesOf(home)}/one`;
    let since = 0;
    await within(t, LIMIT_MS, "created", {
      change: () => api.create(ingressesOf(home), ingressOf(ourClass, "one", { "/": "web" })),
      async seen() {
        await answers("http://one.example.com/", "web /");
        since = await isLive(home, "one");
      },
    });
    assert.deepEqual(await status(home, "one"), { addresses: ["edge.example.com"], live: since });
    await within(t, LIMIT_MS, "edited", {
      change: () => api.patch(path, ingressOf(ourClass, "one", { "/": "new" })),
      async seen() {
        await answers("http://one.example.com/", "new /");
        await isLive(home, "one", since);
      },
    });
    await within(t, LIMIT_MS, "deleted", {
      change: () => api.remove(path),
      seen: () => answers("http://one.example.com/", "404"),
    });
  });

  const classes = {
    "spec.ingressClassName": [{ spec: { ingressClassName: ourClass } }, { spec: { ingressClassName: "other" } }],
    "the annotation": [annotatedAs(ourClass), annotatedAs("other")],
    "a class where there was none": [{ spec: { ingressClassName: null } }, { spec: { ingressClassName: "other" } }],
  } as const;
  for (const [how, [ours, theirs]] of Object.entries(classes)) {
    test(`an Ingress that is given to another class and back, by ${how}`, async (t) => {
      const path = `${ingressesOf(home)}/lent`;
      await api.create(ingressesOf(home), ingressOf(undefined, "lent", { "/": "web" }));
      t.after(() => api.remove(path));
      await api.patch(path, ours);
      await answers("http://lent.example.com/", "web /");
      const since = await isLive(home, "lent");
      await within(t, LIMIT_MS, "given away", {
        change: () => api.patch(path, theirs),
        async seen() {
          await answers("http://lent.example.com/", "404");
          await becomes(
            "lent",
            () => status(home, "lent"),
            (shown) => shown?.live === undefined,
          );
        },
      });
      assert.deepEqual(await status(home, "lent"), { addresses: [], live: undefined });
      await within(t, LIMIT_MS, "taken back", {
        change: () => api.patch(path, ours),
        async seen() {
          await answers("http://lent.example.com/", "web /");
          await isLive(home, "lent", since);
        },
      });
    });
  }

  test("a Service whose external addresses change, on the Ingress that it is the backend of and on no other", async (t) => {
    const path = `/api/v1/namespaces/${home}/services/movable`;
    await apply(
      cluster,
      home,
      service("movable", ["203.0.113.21"]),
      ingressOf(ourClass, "movable", { "/": "movable" }),
    );
    const since = await isLive(home, "movable");
    await answers("http://movable.example.com/", "web /");
    const much = await status(neighbour, "much");
    await within(t, LIMIT_MS, "moved", {
      change: () => api.patch(path, { spec: { externalIPs: ["203.0.113.22"] } }),
      async seen() {
        await answers("http://movable.example.com/", "new /");
        await isLive(home, "movable", since);
      },
    });
    assert.deepEqual(await status(neighbour, "much"), much);
  });

  test("a Secret with another password: the new one opens, and the old one does not", async (t) => {
    const prefix = "nginx.ingress.kubernetes.io";
    const basicAuth = { [`${prefix}/auth-type`]: "basic", [`${prefix}/auth-secret`]: "people" };
    await apply(cluster, home, passwords("old"), ingressOf(ourClass, "shut", { "/": "web" }, basicAuth));
    const since = await isLive(home, "shut");
    const ask = (password: string) => answer("http://shut.example.com/", credentials(password));
    await answers("http://shut.example.com/", "401");
    assert.deepEqual([await ask("old"), await ask("new")], ["web /", "401"]);
    await within(t, LIMIT_MS, "changed", {
      change: () => api.patch(`/api/v1/namespaces/${home}/secrets/people`, passwords("new")),
      async seen() {
        await answers("http://shut.example.com/", "web /", credentials("new"));
        await isLive(home, "shut", since);
      },
    });
    assert.deepEqual([await ask("old"), await ask("new")], ["401", "web /"]);
  });

  test("a namespace that is deleted", async (t) => {
    const two = [ingressOf(ourClass, "left", { "/": "web" }), ingressOf(ourClass, "right", { "/": "web" })];
    await apply(cluster, doomed, service("web", ["203.0.113.21"]), ...two);
    await isLive(doomed, "left");
    await isLive(doomed, "right");
    await within(t, 60_000, "deleted, and its Ingresses with it", {
      // The API server keeps the objects of such a namespace for some seconds more, and until then nothing has changed.
      change: () => cluster.kubectl(["delete", "namespace", doomed, "--wait=false"]),
      seen: () => becomes("right", () => status(doomed, "right"), undefined, 50_000),
    });
    await within(t, LIMIT_MS, "gone from the edge", {
      async seen() {
        await answers("http://left.example.com/", "404");
        await answers("http://right.example.com/", "404");
      },
    });
    assert.equal(await answer("http://much.example.com/7"), "web /7");
  });
});

/** A patch. */
function annotatedAs(name: string) {
  return { metadata: { annotations: { "kubernetes.io/ingress.class": name } } };
}

function passwords(password: string) {
  const auth = Buffer.from(`ann:${hashSync(password, 4)}`).toString("base64");
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "people" }, data: { auth } };
}

function credentials(password: string) {
  return { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString("base64")}` };
}
