import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import {
  type ControllerHarness,
  INGRESS_CLASS,
  startControllerHarness,
  withMetadata,
} from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import type { SyncJob } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);
let harness: ControllerHarness;
let job: SyncJob;

beforeEach(async () => {
  harness = await startControllerHarness();
  harness.apply(webService);
  job = await harness.start();
});
afterEach(() => harness.close());

/** An Ingress with these `spec.rules`, whatever they are. */
function buildIngressWithRules(name: string, rules: readonly object[]): AppliedObject {
  return { ...buildIngressManifest(name, undefined, {}), spec: { ingressClassName: "edgress", rules } };
}

function withPathType(ingress: ReturnType<typeof buildIngressManifest>, pathType: string): AppliedObject {
  const rules = ingress.spec.rules.map(({ host, http }) => ({
    host,
    http: { paths: http.paths.map((path) => ({ ...path, pathType })) },
  }));
  return { ...ingress, spec: { ...ingress.spec, rules } };
}

describe("incident: two Ingresses, one with an unsupported pathType", () => {
  test("the other goes on changing, and the first keeps its last good rules and says so", async () => {
    harness.apply(
      buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }),
      buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
    );
    await harness.waitForRoutes("blog.example.com / -> default/web:80", "shop.example.com /cart -> default/web:80");
    await waitFor(() => harness.readStatus("shop").live === "1" && harness.readStatus("blog").live === "1");
    harness.apply(withPathType(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }), "Regex"));
    harness.apply(buildIngressManifest("blog", "blog.example.com", { "/posts": "web" }));
    await harness.waitForRoutes(
      "blog.example.com /posts -> default/web:80",
      "shop.example.com /cart -> default/web:80",
    );
    await waitFor(() => harness.readStatus("blog").live === "2");
    assert.equal(harness.readStatus("shop").live, "1");
    await waitFor(() => harness.events().includes("ServingLastGood Ingress default/shop"));
    assert.deepEqual(
      harness
        .events()
        .filter((event) => event.endsWith("default/shop"))
        .toSorted(),
      ["InvalidPath Ingress default/shop", "Published Ingress default/shop", "ServingLastGood Ingress default/shop"],
    );
    assert.equal(await job.metric("edgress_last_good_ingresses"), 1);
    await waitFor(() => job.hasLogged(/has not compiled since 20.*its last good version is served/));
  });

  test("it is still kept by a sync job that begins anew, since when it was first so, until it is corrected", async () => {
    harness.apply(buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }));
    await harness.waitForRoutes("shop.example.com /cart -> default/web:80");
    harness.apply(withPathType(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }), "Regex"));
    await waitFor(() => job.hasLogged(/ServingLastGood/));
    const since = /does not compile since ([^,]*),/;
    const first = job.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined);
    await job.stop();
    const next = await harness.start();
    await waitFor(() => next.hasLogged(/ServingLastGood/));
    assert.equal(
      next.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined),
      first,
    );
    await harness.waitForRoutes("shop.example.com /cart -> default/web:80");
    harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
    await harness.waitForRoutes("shop.example.com /new -> default/web:80");
    await waitFor(async () => (await next.metric("edgress_last_good_ingresses")) === 0);
  });
});

describe("an Ingress that is deleted and made again as it was, while nobody watched", () => {
  test("is another one: its Events and its status are its own", async () => {
    const creationTimestamp = "2026-01-01T00:00:00Z";
    const bad = withMetadata(buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "no-slash": "web" }), {
      creationTimestamp,
    });
    const refusals = () => harness.events().filter((event) => event === "InvalidPath Ingress default/shop").length;
    harness.apply(bad);
    await waitFor(() => refusals() === 1 && harness.readStatus("shop").live === "1");
    harness.server.injectWatchFault(/ingresses\?/, { type: "cut" });
    harness.server.remove("Ingress", "default", "shop");
    harness.server.apply(bad);
    harness.server.compact(); // it is found by a list alone
    await waitFor(() => refusals() === 2 && harness.readStatus("shop").live === "1");
  });
});

describe("incident: rules without anything in them", () => {
  const rows: readonly (readonly [string, AppliedObject, readonly string[]])[] = [
    ["a rule with a host and no http", buildIngressWithRules("odd", [{ host: "odd.example.com" }]), []],
    [
      "a rule with a host and http that is null",
      buildIngressWithRules("odd", [{ host: "odd.example.com", http: null }]),
      [],
    ],
    ["a rule without anything", buildIngressWithRules("odd", [{}]), []],
    ["a rule with an empty host", buildIngressManifest("odd", "", { "/odd": "web" }), ["* /odd -> default/web:80"]],
    ["an Ingress without rules", buildIngressWithRules("odd", []), []],
    [
      "an Ingress with rules that are null",
      { ...buildIngressWithRules("odd", []), spec: { ingressClassName: "edgress", rules: null } },
      [],
    ],
    ["an Ingress without a spec", { ...buildIngressWithRules("odd", []), spec: null }, []],
    ["paths that are null", buildIngressWithRules("odd", [{ host: "odd.example.com", http: { paths: null } }]), []],
    [
      "a path without a backend",
      buildIngressWithRules("odd", [{ host: "odd.example.com", http: { paths: [{ path: "/" }] } }]),
      [],
    ],
  ];
  for (const [what, odd, routes] of rows) {
    test(`${what} costs no other Ingress anything, nor the sync job its life`, async () => {
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), odd);
      await harness.waitForRoutes(...routes, "shop.example.com / -> default/web:80");
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }));
      await harness.waitForRoutes(...routes, "shop.example.com /cart -> default/web:80");
      assert.ok(job.results.every(({ type }) => type !== "failed"));
    });
  }
});

describe("incident: paths with colons, braces, bars, spaces and letters of other alphabets", () => {
  test("are served as they are written, and a path that Kubernetes does not take costs itself alone", async () => {
    const odd = { "/api/v1/x:batchDelete": "web", "/{a|b}": "web", "/two words": "web", "/größe/日本": "web" };
    harness.apply(buildIngressManifest("shop", "shop.example.com", { ...odd, "no-slash": "web" }));
    await harness.waitForRoutes(
      "shop.example.com /api/v1/x:batchDelete -> default/web:80",
      "shop.example.com /größe/日本 -> default/web:80",
      "shop.example.com /two words -> default/web:80",
      "shop.example.com /{a|b} -> default/web:80",
    );
    await waitFor(() => harness.events().includes("InvalidPath Ingress default/shop"));
  });
});

describe("incident: the same host and path in two namespaces", () => {
  const created = (month: number) => `2026-0${month}-01T00:00:00Z`;
  const objects = [
    withMetadata(buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "/a": "web" }), {
      namespace: "blue",
      creationTimestamp: created(1),
    }),
    withMetadata(buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "/b": "web" }), {
      namespace: "red",
      creationTimestamp: created(2),
    }),
    withMetadata(buildIngressManifest("wild", "*.example.com", { "/cart": "web", "/c": "web" }), {
      namespace: "red",
      creationTimestamp: created(3),
    }),
    withMetadata(webService, { namespace: "blue" }),
    withMetadata(webService, { namespace: "red" }),
  ];
  const routes = [
    "*.example.com /c -> red/web:80",
    "*.example.com /cart -> red/web:80",
    "shop.example.com /a -> blue/web:80",
    "shop.example.com /b -> red/web:80",
    "shop.example.com /cart -> blue/web:80",
  ];

  test("the oldest has it, whatever came first, and a wildcard beside it takes the rest: the same bytes in any order", async () => {
    const digests = new Set<string>();
    for (const order of [objects, objects.toReversed(), [...objects.slice(2), ...objects.slice(0, 2)]]) {
      const other = await startControllerHarness();
      try {
        const { results } = await other.start();
        await waitFor(() => results.some(({ type }) => type === "completed")); // or the first list would put them in order
        for (const object of order) other.apply(object);
        await other.waitForRoutes(...routes);
        const { manifest } = await other.readPublished();
        digests.add(manifest?.digest ?? "");
      } finally {
        await other.close();
      }
    }
    assert.equal(digests.size, 1);
  });

  test("the younger is told whose it is, and has it once the older is gone", async () => {
    harness.apply(...objects.toReversed());
    await harness.waitForRoutes(...routes);
    await waitFor(() => harness.events().includes("PathConflict Ingress red/shop"));
    harness.server.remove("Ingress", "blue", "shop");
    await waitFor(async () => (await harness.routes()).includes("shop.example.com /cart -> red/web:80"));
  });
});

describe("incident: an expression of 200 characters, and one that backtracks without end", () => {
  const regex = { "nginx.ingress.kubernetes.io/use-regex": "true" };
  const long = `/${"[a-z]{2}".repeat(25)}`;

  test("the one is served, the other refused: that path alone, and quickly", async () => {
    assert.equal(long.length, 201);
    const shop = buildIngressManifest(
      "shop",
      "shop.example.com",
      { [long]: "web", "/(a+)+(b+)+(a+)+$": "web", "/fine": "web" },
      regex,
    );
    const startedAt = performance.now();
    harness.apply(
      withPathType(shop, "ImplementationSpecific"),
      buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
    );
    await waitFor(async () => (await harness.routes()).includes("blog.example.com / -> default/web:80"));
    assert.ok(performance.now() - startedAt < 5000);
    assert.deepEqual(await harness.routes(), [
      "blog.example.com / -> default/web:80",
      `shop.example.com ^${long} -> default/web:80`,
      "shop.example.com ^/fine -> default/web:80",
    ]);
    await waitFor(() => harness.events().includes("UnsafeRegex Ingress default/shop"));
  });

  test("one that comes to an Ingress that was good leaves it as it was, and others go on changing", async () => {
    harness.apply(
      buildIngressManifest("shop", "shop.example.com", { "/fine": "web" }),
      buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
    );
    await harness.waitForRoutes("blog.example.com / -> default/web:80", "shop.example.com /fine -> default/web:80");
    const bad = buildIngressManifest("shop", "shop.example.com", { "/(a+)+(b+)+(a+)+$": "web" }, regex);
    harness.apply(
      withPathType(bad, "ImplementationSpecific"),
      buildIngressManifest("blog", "blog.example.com", { "/new": "web" }),
    );
    await harness.waitForRoutes("blog.example.com /new -> default/web:80", "shop.example.com /fine -> default/web:80");
  });
});

describe("incident: two controllers and two classes", () => {
  const other: AppliedObject = {
    ...INGRESS_CLASS,
    metadata: { name: "nginx" },
    spec: { controller: "k8s.io/ingress-nginx" },
  };
  const annotation = (name: string) => ({ "kubernetes.io/ingress.class": name });
  const withClass = (
    className: string | undefined,
    ingress: ReturnType<typeof buildIngressManifest>,
  ): AppliedObject => ({
    ...ingress,
    spec: { ...ingress.spec, ingressClassName: className },
  });
  const theirs = { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } };

  test("each has its own, and neither writes to the other's, whatever both of class and annotation say", async () => {
    harness.apply(
      other,
      buildIngressManifest("ours", "ours.example.com", { "/": "web" }),
      buildIngressManifest("ours-by-field", "field.example.com", { "/": "web" }, annotation("nginx")),
      withClass(
        undefined,
        buildIngressManifest("ours-by-annotation", "annotation.example.com", { "/": "web" }, annotation("edgress")),
      ),
      { ...withClass("nginx", buildIngressManifest("theirs", "theirs.example.com", { "/": "web" })), status: theirs },
      {
        ...withClass(
          "nginx",
          buildIngressManifest("theirs-by-field", "t1.example.com", { "/": "web" }, annotation("edgress")),
        ),
        status: theirs,
      },
      {
        ...withClass(
          undefined,
          buildIngressManifest("theirs-by-annotation", "t2.example.com", { "/": "web" }, annotation("nginx")),
        ),
        status: theirs,
      },
      {
        ...withClass(undefined, buildIngressManifest("nobodys", "nobodys.example.com", { "/": "web" })),
        status: theirs,
      },
    );
    await harness.waitForRoutes(
      "annotation.example.com / -> default/web:80",
      "field.example.com / -> default/web:80",
      "ours.example.com / -> default/web:80",
    );
    const ours = ["ours", "ours-by-annotation", "ours-by-field"];
    await waitFor(() => ours.every((name) => harness.readStatus(name).live === "1"));
    await job.sync();
    const patched = harness.clusterWrites().filter((line) => line.startsWith("PATCH"));
    assert.deepEqual(
      patched.toSorted(),
      ours.map((name) => `PATCH namespaces/default/ingresses/${name}/status`).toSorted(),
    );
    for (const name of ["theirs", "theirs-by-field", "theirs-by-annotation", "nobodys"]) {
      assert.deepEqual(harness.readStatus(name), { addresses: theirs.loadBalancer.ingress, live: undefined }, name);
      assert.ok(!harness.events().some((event) => event.endsWith(`/${name}`)), name);
    }
  });

  for (const [what, status, addresses] of [
    ["and our status", undefined, []],
    ["and what the other has written stays", theirs, theirs.loadBalancer.ingress],
  ] as const) {
    test(`one that goes over to the other loses its route, ${what}`, async () => {
      const shop = buildIngressManifest("shop", "shop.example.com", { "/": "web" });
      harness.apply(other, shop, buildIngressManifest("blog", "blog.example.com", { "/": "web" }));
      await waitFor(() => harness.readStatus("shop").live === "1");
      harness.apply({ ...withClass("nginx", shop), ...(status && { status }) });
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(await harness.routes(), ["blog.example.com / -> default/web:80"]);
      assert.deepEqual(harness.readStatus("shop").addresses, addresses);
    });
  }

  test("two of ours with a class each serve their own alone, and write to nothing of the other's", async () => {
    const { server } = harness;
    const inner = await startControllerHarness({ server });
    try {
      harness.apply(
        { ...INGRESS_CLASS, metadata: { name: "inner" }, spec: { controller: "example.com/inner" } },
        buildIngressManifest("outer", "outer.example.com", { "/": "web" }),
        withClass("inner", buildIngressManifest("inner", "inner.example.com", { "/": "web" })),
      );
      const options = { ingressClass: "inner", controller: "example.com/inner", leaseName: "inner" };
      const second = await inner.start({ ...options, publishStatusAddress: ["inner-edge.example.com"] });
      await harness.waitForRoutes("outer.example.com / -> default/web:80");
      await waitFor(() => harness.readStatus("outer").live === "1" && harness.readStatus("inner").live === "1");
      assert.deepEqual(await inner.routes(), ["inner.example.com / -> default/web:80"]);
      await Promise.all([job.sync(), second.sync()]);
      const from = server.requests.length;
      await Promise.all([job.sync(), second.sync(), job.sync(), second.sync()]);
      assert.deepEqual(harness.clusterWrites(from), []);
      assert.deepEqual(harness.readStatus("outer").addresses, [{ hostname: "edge.example.com" }]);
      assert.deepEqual(harness.readStatus("inner").addresses, [{ hostname: "inner-edge.example.com" }]);
    } finally {
      await inner.close();
    }
  });
});
