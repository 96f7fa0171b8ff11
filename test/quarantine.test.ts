import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster } from "../sync/collect/cluster.ts";
import { clusterOf } from "../sync/collect/objects.ts";
import { type Before, compileKeeping, type Kept } from "../sync/compile/quarantine.ts";
import { OPTIONS } from "./support/fixture.ts";

const MONDAY = "2026-11-23T08:00:00.000Z";
const TUESDAY = "2026-11-24T09:30:00.000Z";
const options = { ...OPTIONS, zones: ["example.com"] };
const nothing: Before = { lastGood: new Map(), quarantined: new Map() };

interface Written {
  readonly path?: string;
  readonly pathType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function ingress(name: string, { path = "/", pathType = "Prefix", annotations = {} }: Written = {}) {
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

const web = {
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

function cluster(...ingresses: object[]): Cluster {
  return clusterOf([...ingresses, web, ingressClass].map((object) => ({ object, source: "networking.k8s.io/v1" })));
}

/** Each route as "host path -> backend", or 503 and why. */
function routesOf({ compiled }: Kept): string[] {
  return compiled.rules.hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const where = path.type === "regex" ? path.pattern : path.path;
      return `${host} ${where} -> ${policies.closed ? `503 ${policies.closed.because}` : backend}`;
    }),
  );
}

function reasonsOf({ compiled }: Kept): string[] {
  return compiled.diagnostics.map(({ reason, object }) => `${reason} ${object}`);
}

describe("an Ingress that was good and no longer compiles", () => {
  const good = compileKeeping(cluster(ingress("shop", { path: "/cart" }), ingress("blog")), nothing, options, MONDAY);

  test("with an unsupported pathType keeps its last good rules, and another Ingress is unchanged", () => {
    const bad = compileKeeping(
      cluster(ingress("shop", { path: "/cart", pathType: "Regex" }), ingress("blog", { path: "/new" })),
      good,
      options,
      TUESDAY,
    );
    assert.deepEqual(routesOf(bad), [
      "blog.example.com /new -> default/web:80",
      "shop.example.com /cart -> default/web:80",
    ]);
    assert.deepEqual(reasonsOf(bad), ["PathInvalid Ingress default/shop", "Quarantined Ingress default/shop"]);
  });

  test("says since when, over many rounds", () => {
    const broken = cluster(ingress("shop", { pathType: "Regex" }), ingress("blog"));
    const first = compileKeeping(broken, good, options, MONDAY);
    const second = compileKeeping(broken, first, options, TUESDAY);
    assert.deepEqual([...second.quarantined], [["default/shop", MONDAY]]);
    assert.match(second.compiled.diagnostics.at(-1)?.problem ?? "", /does not compile since 2026-11-23T08:00:00.000Z/);
  });

  test("is as it says again once it compiles", () => {
    const bad = compileKeeping(cluster(ingress("shop", { pathType: "Regex" })), good, options, MONDAY);
    const mended = compileKeeping(cluster(ingress("shop", { path: "/basket" })), bad, options, TUESDAY);
    assert.deepEqual(routesOf(mended), ["shop.example.com /basket -> default/web:80"]);
    assert.deepEqual([...mended.quarantined], []);
  });

  test("that is malformed as a whole keeps its last good rules", () => {
    const malformed = { ...ingress("shop"), spec: { rules: "none" } };
    const bad = compileKeeping(cluster(malformed, ingress("blog")), good, options, TUESDAY);
    assert.deepEqual(routesOf(bad), [
      "blog.example.com / -> default/web:80",
      "shop.example.com /cart -> default/web:80",
    ]);
    assert.deepEqual(reasonsOf(bad), ["Malformed Ingress default/shop", "Quarantined Ingress default/shop"]);
  });

  test("has the guards that it asks for now, which its last good rules lack", () => {
    const guarding = { "nginx.ingress.kubernetes.io/whitelist-source-range": "192.0.2.0/24" };
    const bad = compileKeeping(
      cluster(ingress("shop", { pathType: "Regex", annotations: guarding })),
      good,
      options,
      TUESDAY,
    );
    const [shop] = bad.compiled.rules.hosts;
    assert.deepEqual(shop?.routes[0]?.policies.access?.sourceRange?.allow, ["192.0.2.0/24"]);
  });

  test("keeps the guards that it had", () => {
    const guarding = { "nginx.ingress.kubernetes.io/whitelist-source-range": "192.0.2.0/24" };
    const before = compileKeeping(cluster(ingress("shop", { annotations: guarding })), nothing, options, MONDAY);
    const bad = compileKeeping(cluster(ingress("shop", { pathType: "Regex" })), before, options, TUESDAY);
    assert.deepEqual(bad.compiled.rules.hosts[0]?.routes[0]?.policies.access?.sourceRange?.allow, ["192.0.2.0/24"]);
  });

  test("and whose guard cannot be read is closed, since its last good rules may lack it", () => {
    const guarding = { "nginx.ingress.kubernetes.io/whitelist-source-range": "office" };
    const broken = ingress("shop", { path: "/cart", pathType: "Regex", annotations: guarding });
    const bad = compileKeeping(cluster(broken), good, options, TUESDAY);
    assert.deepEqual(routesOf(bad), [
      "shop.example.com / -> 503 nginx.ingress.kubernetes.io/whitelist-source-range cannot be read",
    ]);
    assert.deepEqual([...bad.quarantined], []);
  });

  test("that never was good has what compiles of it", () => {
    const bad = compileKeeping(cluster(ingress("shop", { pathType: "Regex" })), nothing, options, TUESDAY);
    assert.deepEqual(routesOf(bad), []);
    assert.deepEqual([...bad.quarantined], []);
    assert.deepEqual([...bad.lastGood.keys()], []);
  });

  test("is forgotten once it is deleted, or another class's", () => {
    const bad = compileKeeping(cluster(ingress("shop", { pathType: "Regex" })), good, options, MONDAY);
    const deleted = compileKeeping(cluster(), bad, options, TUESDAY);
    assert.deepEqual([...deleted.lastGood.keys()], []);
    const foreign = ingress("shop");
    foreign.spec.ingressClassName = "nginx";
    const moved = compileKeeping(cluster(foreign), bad, options, TUESDAY);
    assert.deepEqual([routesOf(moved), [...moved.lastGood.keys()]], [[], []]);
  });

  test("whose Service is gone is good: it answers 503 as Kubernetes has it", () => {
    const withoutService = clusterOf([{ object: ingress("shop", { path: "/cart" }), source: "networking.k8s.io/v1" }]);
    const kept = compileKeeping(withoutService, good, options, TUESDAY);
    assert.deepEqual([...kept.quarantined], []);
    assert.equal(
      kept.compiled.rules.hosts[0]?.routes[0]?.policies.unbacked?.because,
      "there is no Service default/web",
    );
  });
});
