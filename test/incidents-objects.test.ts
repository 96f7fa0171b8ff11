import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Applied } from "./support/api-server.ts";
import { ingress, service, until } from "./support/edge.ts";
import { having, INGRESS_CLASS, type Stage, startStage } from "./support/stage.ts";
import type { SyncJob } from "./support/sync-job.ts";

const web = service("web", ["203.0.113.10"]);
let stage: Stage;
let job: SyncJob;

beforeEach(async () => {
  stage = await startStage();
  stage.apply(web);
  job = await stage.start();
});
afterEach(() => stage.close());

/** An Ingress with these `spec.rules`, whatever they are. */
function written(name: string, rules: readonly object[]): Applied {
  return { ...ingress(name, undefined, {}), spec: { ingressClassName: "edgress", rules } };
}

function withPathType(one: ReturnType<typeof ingress>, pathType: string): Applied {
  const rules = one.spec.rules.map(({ host, http }) => ({
    host,
    http: { paths: http.paths.map((path) => ({ ...path, pathType })) },
  }));
  return { ...one, spec: { ...one.spec, rules } };
}

describe("incident: two Ingresses, one with an unsupported pathType", () => {
  test("the other goes on changing, and the first keeps its last good rules and says so", async () => {
    stage.apply(
      ingress("shop", "shop.example.com", { "/cart": "web" }),
      ingress("blog", "blog.example.com", { "/": "web" }),
    );
    await stage.published("blog.example.com / -> default/web:80", "shop.example.com /cart -> default/web:80");
    await until(() => stage.shown("shop").live === "1" && stage.shown("blog").live === "1");
    stage.apply(withPathType(ingress("shop", "shop.example.com", { "/new": "web" }), "Regex"));
    stage.apply(ingress("blog", "blog.example.com", { "/posts": "web" }));
    await stage.published("blog.example.com /posts -> default/web:80", "shop.example.com /cart -> default/web:80");
    await until(() => stage.shown("blog").live === "2");
    assert.equal(stage.shown("shop").live, "1");
    await until(() => stage.events().includes("Quarantined Ingress default/shop"));
    assert.deepEqual(
      stage
        .events()
        .filter((event) => event.endsWith("default/shop"))
        .toSorted(),
      ["PathInvalid Ingress default/shop", "Published Ingress default/shop", "Quarantined Ingress default/shop"],
    );
    assert.equal(await job.metric("edgress_quarantined_ingresses"), 1);
    await until(() => job.says(/does not compile since 20.*and is served as it was before/));
  });

  test("it is still kept by a sync job that begins anew, since when it was first so, until it is corrected", async () => {
    stage.apply(ingress("shop", "shop.example.com", { "/cart": "web" }));
    await stage.published("shop.example.com /cart -> default/web:80");
    stage.apply(withPathType(ingress("shop", "shop.example.com", { "/new": "web" }), "Regex"));
    await until(() => job.says(/Quarantined/));
    const since = /does not compile since ([^,]*),/;
    const first = job.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined);
    await job.stop();
    const next = await stage.start();
    await until(() => next.says(/Quarantined/));
    assert.equal(
      next.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined),
      first,
    );
    await stage.published("shop.example.com /cart -> default/web:80");
    stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
    await stage.published("shop.example.com /new -> default/web:80");
    await until(async () => (await next.metric("edgress_quarantined_ingresses")) === 0);
  });
});

describe("an Ingress that is deleted and made again as it was, while nobody watched", () => {
  test("is another one: its Events and its status are its own", async () => {
    const creationTimestamp = "2026-01-01T00:00:00Z";
    const bad = having(ingress("shop", "shop.example.com", { "/cart": "web", "no-slash": "web" }), {
      creationTimestamp,
    });
    const refusals = () => stage.events().filter((event) => event === "PathInvalid Ingress default/shop").length;
    stage.apply(bad);
    await until(() => refusals() === 1 && stage.shown("shop").live === "1");
    stage.server.strikeWatches(/ingresses\?/, { type: "cut" });
    stage.server.remove("Ingress", "default", "shop");
    stage.server.apply(bad);
    stage.server.compact(); // it is found by a list alone
    await until(() => refusals() === 2 && stage.shown("shop").live === "1");
  });
});

describe("incident: rules without anything in them", () => {
  const rows: readonly (readonly [string, Applied, readonly string[]])[] = [
    ["a rule with a host and no http", written("odd", [{ host: "odd.example.com" }]), []],
    ["a rule with a host and http that is null", written("odd", [{ host: "odd.example.com", http: null }]), []],
    ["a rule without anything", written("odd", [{}]), []],
    ["a rule with an empty host", ingress("odd", "", { "/odd": "web" }), ["* /odd -> default/web:80"]],
    ["an Ingress without rules", written("odd", []), []],
    [
      "an Ingress with rules that are null",
      { ...written("odd", []), spec: { ingressClassName: "edgress", rules: null } },
      [],
    ],
    ["an Ingress without a spec", { ...written("odd", []), spec: null }, []],
    ["paths that are null", written("odd", [{ host: "odd.example.com", http: { paths: null } }]), []],
    ["a path without a backend", written("odd", [{ host: "odd.example.com", http: { paths: [{ path: "/" }] } }]), []],
  ];
  for (const [what, odd, routes] of rows) {
    test(`${what} costs no other Ingress anything, nor the sync job its life`, async () => {
      stage.apply(ingress("shop", "shop.example.com", { "/": "web" }), odd);
      await stage.published(...routes, "shop.example.com / -> default/web:80");
      stage.apply(ingress("shop", "shop.example.com", { "/cart": "web" }));
      await stage.published(...routes, "shop.example.com /cart -> default/web:80");
      assert.ok(job.results.every(({ type }) => type !== "failed"));
    });
  }
});

describe("incident: paths with colons, braces, bars, spaces and letters of other alphabets", () => {
  test("are served as they are written, and a path that Kubernetes does not take costs itself alone", async () => {
    const odd = { "/api/v1/x:batchDelete": "web", "/{a|b}": "web", "/two words": "web", "/größe/日本": "web" };
    stage.apply(ingress("shop", "shop.example.com", { ...odd, "no-slash": "web" }));
    await stage.published(
      "shop.example.com /api/v1/x:batchDelete -> default/web:80",
      "shop.example.com /größe/日本 -> default/web:80",
      "shop.example.com /two words -> default/web:80",
      "shop.example.com /{a|b} -> default/web:80",
    );
    await until(() => stage.events().includes("PathInvalid Ingress default/shop"));
  });
});

describe("incident: the same host and path in two namespaces", () => {
  const created = (month: number) => `2026-0${month}-01T00:00:00Z`;
  const objects = [
    having(ingress("shop", "shop.example.com", { "/cart": "web", "/a": "web" }), {
      namespace: "blue",
      creationTimestamp: created(1),
    }),
    having(ingress("shop", "shop.example.com", { "/cart": "web", "/b": "web" }), {
      namespace: "red",
      creationTimestamp: created(2),
    }),
    having(ingress("wild", "*.example.com", { "/cart": "web", "/c": "web" }), {
      namespace: "red",
      creationTimestamp: created(3),
    }),
    having(web, { namespace: "blue" }),
    having(web, { namespace: "red" }),
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
      const other = await startStage();
      try {
        const { results } = await other.start();
        await until(() => results.some(({ type }) => type === "done")); // or the first list would put them in order
        for (const object of order) other.apply(object);
        await other.published(...routes);
        const { manifest } = await other.held();
        digests.add(manifest?.digest ?? "");
      } finally {
        await other.close();
      }
    }
    assert.equal(digests.size, 1);
  });

  test("the younger is told whose it is, and has it once the older is gone", async () => {
    stage.apply(...objects.toReversed());
    await stage.published(...routes);
    await until(() => stage.events().includes("PathTaken Ingress red/shop"));
    stage.server.remove("Ingress", "blue", "shop");
    await until(async () => (await stage.routes()).includes("shop.example.com /cart -> red/web:80"));
  });
});

describe("incident: an expression of 200 characters, and one that backtracks without end", () => {
  const regex = { "nginx.ingress.kubernetes.io/use-regex": "true" };
  const long = `/${"[a-z]{2}".repeat(25)}`;

  test("the one is served, the other refused: that path alone, and quickly", async () => {
    assert.equal(long.length, 201);
    const shop = ingress(
      "shop",
      "shop.example.com",
      { [long]: "web", "/(a+)+(b+)+(a+)+$": "web", "/fine": "web" },
      regex,
    );
    const began = performance.now();
    stage.apply(withPathType(shop, "ImplementationSpecific"), ingress("blog", "blog.example.com", { "/": "web" }));
    await until(async () => (await stage.routes()).includes("blog.example.com / -> default/web:80"));
    assert.ok(performance.now() - began < 5000);
    assert.deepEqual(await stage.routes(), [
      "blog.example.com / -> default/web:80",
      `shop.example.com ^${long} -> default/web:80`,
      "shop.example.com ^/fine -> default/web:80",
    ]);
    await until(() => stage.events().includes("ExpressionRefused Ingress default/shop"));
  });

  test("one that comes to an Ingress that was good leaves it as it was, and others go on changing", async () => {
    stage.apply(
      ingress("shop", "shop.example.com", { "/fine": "web" }),
      ingress("blog", "blog.example.com", { "/": "web" }),
    );
    await stage.published("blog.example.com / -> default/web:80", "shop.example.com /fine -> default/web:80");
    const bad = ingress("shop", "shop.example.com", { "/(a+)+(b+)+(a+)+$": "web" }, regex);
    stage.apply(withPathType(bad, "ImplementationSpecific"), ingress("blog", "blog.example.com", { "/new": "web" }));
    await stage.published("blog.example.com /new -> default/web:80", "shop.example.com /fine -> default/web:80");
  });
});

describe("incident: two controllers and two classes", () => {
  const other: Applied = {
    ...INGRESS_CLASS,
    metadata: { name: "nginx" },
    spec: { controller: "k8s.io/ingress-nginx" },
  };
  const annotation = (name: string) => ({ "kubernetes.io/ingress.class": name });
  const of = (className: string | undefined, one: ReturnType<typeof ingress>): Applied => ({
    ...one,
    spec: { ...one.spec, ingressClassName: className },
  });
  const theirs = { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } };

  test("each has its own, and neither writes to the other's, whatever both of class and annotation say", async () => {
    stage.apply(
      other,
      ingress("ours", "ours.example.com", { "/": "web" }),
      ingress("ours-by-field", "field.example.com", { "/": "web" }, annotation("nginx")),
      of(undefined, ingress("ours-by-annotation", "annotation.example.com", { "/": "web" }, annotation("edgress"))),
      { ...of("nginx", ingress("theirs", "theirs.example.com", { "/": "web" })), status: theirs },
      {
        ...of("nginx", ingress("theirs-by-field", "t1.example.com", { "/": "web" }, annotation("edgress"))),
        status: theirs,
      },
      {
        ...of(undefined, ingress("theirs-by-annotation", "t2.example.com", { "/": "web" }, annotation("nginx"))),
        status: theirs,
      },
      { ...of(undefined, ingress("nobodys", "nobodys.example.com", { "/": "web" })), status: theirs },
    );
    await stage.published(
      "annotation.example.com / -> default/web:80",
      "field.example.com / -> default/web:80",
      "ours.example.com / -> default/web:80",
    );
    const ours = ["ours", "ours-by-annotation", "ours-by-field"];
    await until(() => ours.every((name) => stage.shown(name).live === "1"));
    await job.round();
    const patched = stage.clusterWrites().filter((line) => line.startsWith("PATCH"));
    assert.deepEqual(
      patched.toSorted(),
      ours.map((name) => `PATCH namespaces/default/ingresses/${name}/status`).toSorted(),
    );
    for (const name of ["theirs", "theirs-by-field", "theirs-by-annotation", "nobodys"]) {
      assert.deepEqual(stage.shown(name), { addresses: theirs.loadBalancer.ingress, live: undefined }, name);
      assert.ok(!stage.events().some((event) => event.endsWith(`/${name}`)), name);
    }
  });

  for (const [what, status, addresses] of [
    ["and our status", undefined, []],
    ["and what the other has written stays", theirs, theirs.loadBalancer.ingress],
  ] as const) {
    test(`one that goes over to the other loses its route, ${what}`, async () => {
      const shop = ingress("shop", "shop.example.com", { "/": "web" });
      stage.apply(other, shop, ingress("blog", "blog.example.com", { "/": "web" }));
      await until(() => stage.shown("shop").live === "1");
      stage.apply({ ...of("nginx", shop), ...(status && { status }) });
      await until(() => stage.shown("shop").live === undefined);
      assert.deepEqual(await stage.routes(), ["blog.example.com / -> default/web:80"]);
      assert.deepEqual(stage.shown("shop").addresses, addresses);
    });
  }

  test("two of ours with a class each serve their own alone, and write to nothing of the other's", async () => {
    const { server } = stage;
    const inner = await startStage({ server });
    try {
      stage.apply(
        { ...INGRESS_CLASS, metadata: { name: "inner" }, spec: { controller: "example.com/inner" } },
        ingress("outer", "outer.example.com", { "/": "web" }),
        of("inner", ingress("inner", "inner.example.com", { "/": "web" })),
      );
      const options = { ingressClass: "inner", controller: "example.com/inner", leaseName: "inner" };
      const second = await inner.start({ ...options, publishStatusAddress: ["inner-edge.example.com"] });
      await stage.published("outer.example.com / -> default/web:80");
      await until(() => stage.shown("outer").live === "1" && stage.shown("inner").live === "1");
      assert.deepEqual(await inner.routes(), ["inner.example.com / -> default/web:80"]);
      await Promise.all([job.round(), second.round()]);
      const from = server.requests.length;
      await Promise.all([job.round(), second.round(), job.round(), second.round()]);
      assert.deepEqual(stage.clusterWrites(from), []);
      assert.deepEqual(stage.shown("outer").addresses, [{ hostname: "edge.example.com" }]);
      assert.deepEqual(stage.shown("inner").addresses, [{ hostname: "inner-edge.example.com" }]);
    } finally {
      await inner.close();
    }
  });
});
