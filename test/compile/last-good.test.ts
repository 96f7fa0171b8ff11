import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compileWithLastGood, type LastGoodCompilation, type PreviousState } from "../../sync/compile/last-good.ts";
import { OPTIONS } from "../support/fixture.ts";

const MONDAY = "2026-11-23T08:00:00.000Z";
const TUESDAY = "2026-11-24T09:30:00.000Z";
const options = { ...OPTIONS, zones: ["example.com"] };
const noPreviousState: PreviousState = { lastGood: new Map(), brokenSince: new Map() };

interface IngressInput {
  readonly path?: string;
  readonly pathType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function buildPathIngress(name: string, { path = "/", pathType = "Prefix", annotations = {} }: IngressInput = {}) {
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      ingressClassName: "edgress",
      rules: [{ host: `${name}.example.com`, http: { paths: [{ path, pathType, backend }] } }],
    },
  };
}

const webService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] },
};

const ingressClass = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "edgress" },
  spec: { controller: "edgress.dev/ingress-controller" },
};

function buildWebCluster(...ingresses: object[]): Cluster {
  return parseCluster(
    [...ingresses, webService, ingressClass].map((object) => ({ object, source: "networking.k8s.io/v1" })),
  );
}

/** Each route as "host path -> backend", or 503 and why. */
function listRoutes({ compilation }: LastGoodCompilation): string[] {
  return compilation.rules.hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const pathText = path.type === "regex" ? path.pattern : path.path;
      return `${host} ${pathText} -> ${policies.failClosed ? `503 ${policies.failClosed.reason}` : backend}`;
    }),
  );
}

function listReasons({ compilation }: LastGoodCompilation): string[] {
  return compilation.diagnostics.map(({ reason, object }) => `${reason} ${object}`);
}

describe("an Ingress that was good and no longer compiles", () => {
  const goodCompilation = compileWithLastGood(
    buildWebCluster(buildPathIngress("shop", { path: "/cart" }), buildPathIngress("blog")),
    noPreviousState,
    options,
    MONDAY,
  );

  test("with an unsupported pathType keeps its last good rules, and another Ingress is unchanged", () => {
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(
        buildPathIngress("shop", { path: "/cart", pathType: "Regex" }),
        buildPathIngress("blog", { path: "/new" }),
      ),
      goodCompilation,
      options,
      TUESDAY,
    );
    assert.deepEqual(listRoutes(brokenCompilation), [
      "blog.example.com /new -> default/web:80",
      "shop.example.com /cart -> default/web:80",
    ]);
    assert.deepEqual(listReasons(brokenCompilation), [
      "InvalidPath Ingress default/shop",
      "ServingLastGood Ingress default/shop",
    ]);
  });

  test("says since when, over many rounds", () => {
    const brokenCluster = buildWebCluster(buildPathIngress("shop", { pathType: "Regex" }), buildPathIngress("blog"));
    const firstCompilation = compileWithLastGood(brokenCluster, goodCompilation, options, MONDAY);
    const secondCompilation = compileWithLastGood(brokenCluster, firstCompilation, options, TUESDAY);
    assert.deepEqual([...secondCompilation.brokenSince], [["default/shop", MONDAY]]);
    assert.match(
      secondCompilation.compilation.diagnostics.at(-1)?.problem ?? "",
      /has not compiled since 2026-11-23T08:00:00.000Z/,
    );
  });

  test("is as it says again once it compiles", () => {
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { pathType: "Regex" })),
      goodCompilation,
      options,
      MONDAY,
    );
    const fixedCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { path: "/basket" })),
      brokenCompilation,
      options,
      TUESDAY,
    );
    assert.deepEqual(listRoutes(fixedCompilation), ["shop.example.com /basket -> default/web:80"]);
    assert.deepEqual([...fixedCompilation.brokenSince], []);
  });

  test("that is malformed as a whole keeps its last good rules", () => {
    const invalidIngress = { ...buildPathIngress("shop"), spec: { rules: "none" } };
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(invalidIngress, buildPathIngress("blog")),
      goodCompilation,
      options,
      TUESDAY,
    );
    assert.deepEqual(listRoutes(brokenCompilation), [
      "blog.example.com / -> default/web:80",
      "shop.example.com /cart -> default/web:80",
    ]);
    assert.deepEqual(listReasons(brokenCompilation), [
      "InvalidObject Ingress default/shop",
      "ServingLastGood Ingress default/shop",
    ]);
  });

  test("has the guards that it asks for now, which its last good rules lack", () => {
    const guardAnnotations = { "nginx.ingress.kubernetes.io/whitelist-source-range": "192.0.2.0/24" };
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { pathType: "Regex", annotations: guardAnnotations })),
      goodCompilation,
      options,
      TUESDAY,
    );
    const [shop] = brokenCompilation.compilation.rules.hosts;
    assert.deepEqual(shop?.routes[0]?.policies.authorization?.sourceRange?.allow, ["192.0.2.0/24"]);
  });

  test("keeps the guards that it had", () => {
    const guardAnnotations = { "nginx.ingress.kubernetes.io/whitelist-source-range": "192.0.2.0/24" };
    const guardedCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { annotations: guardAnnotations })),
      noPreviousState,
      options,
      MONDAY,
    );
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { pathType: "Regex" })),
      guardedCompilation,
      options,
      TUESDAY,
    );
    assert.deepEqual(
      brokenCompilation.compilation.rules.hosts[0]?.routes[0]?.policies.authorization?.sourceRange?.allow,
      ["192.0.2.0/24"],
    );
  });

  test("and whose guard cannot be read is closed, since its last good rules may lack it", () => {
    const guardAnnotations = { "nginx.ingress.kubernetes.io/whitelist-source-range": "office" };
    const brokenIngress = buildPathIngress("shop", { path: "/cart", pathType: "Regex", annotations: guardAnnotations });
    const brokenCompilation = compileWithLastGood(buildWebCluster(brokenIngress), goodCompilation, options, TUESDAY);
    assert.deepEqual(listRoutes(brokenCompilation), [
      "shop.example.com / -> 503 nginx.ingress.kubernetes.io/whitelist-source-range is invalid",
    ]);
    assert.deepEqual([...brokenCompilation.brokenSince], []);
  });

  test("that never was good has what compiles of it", () => {
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { pathType: "Regex" })),
      noPreviousState,
      options,
      TUESDAY,
    );
    assert.deepEqual(listRoutes(brokenCompilation), []);
    assert.deepEqual([...brokenCompilation.brokenSince], []);
    assert.deepEqual([...brokenCompilation.lastGood.keys()], []);
  });

  test("is forgotten once it is deleted, or another class's", () => {
    const brokenCompilation = compileWithLastGood(
      buildWebCluster(buildPathIngress("shop", { pathType: "Regex" })),
      goodCompilation,
      options,
      MONDAY,
    );
    const deletedCompilation = compileWithLastGood(buildWebCluster(), brokenCompilation, options, TUESDAY);
    assert.deepEqual([...deletedCompilation.lastGood.keys()], []);
    const foreignIngress = buildPathIngress("shop");
    foreignIngress.spec.ingressClassName = "nginx";
    const movedCompilation = compileWithLastGood(buildWebCluster(foreignIngress), brokenCompilation, options, TUESDAY);
    assert.deepEqual([listRoutes(movedCompilation), [...movedCompilation.lastGood.keys()]], [[], []]);
  });

  test("whose Service is gone is good: it answers 503 as Kubernetes has it", () => {
    const clusterWithoutService = parseCluster([
      { object: buildPathIngress("shop", { path: "/cart" }), source: "networking.k8s.io/v1" },
    ]);
    const compilationWithoutService = compileWithLastGood(clusterWithoutService, goodCompilation, options, TUESDAY);
    assert.deepEqual([...compilationWithoutService.brokenSince], []);
    assert.equal(
      compilationWithoutService.compilation.rules.hosts[0]?.routes[0]?.policies.noBackend?.reason,
      "Service not found: default/web",
    );
  });
});
