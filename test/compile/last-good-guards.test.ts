import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compileWithLastGood } from "../../sync/compile/last-good.ts";
import {
  buildPathIngress,
  buildWebCluster,
  goodCompilation,
  listRoutes,
  MONDAY,
  noPreviousState,
  options,
  TUESDAY,
} from "./last-good-cluster.ts";

describe("guards of a last good Ingress", () => {
  test("A last good Ingress gets the guards of its current version", () => {
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

  test("A last good Ingress keeps its guards", () => {
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

  test("A broken Ingress with an unreadable guard fails closed instead of serving its last good rules", () => {
    const guardAnnotations = { "nginx.ingress.kubernetes.io/whitelist-source-range": "office" };
    const brokenIngress = buildPathIngress("shop", { path: "/cart", pathType: "Regex", annotations: guardAnnotations });
    const brokenCompilation = compileWithLastGood(buildWebCluster(brokenIngress), goodCompilation, options, TUESDAY);
    assert.deepEqual(listRoutes(brokenCompilation), [
      "shop.example.com / -> 503 nginx.ingress.kubernetes.io/whitelist-source-range is invalid",
    ]);
    assert.deepEqual([...brokenCompilation.brokenSince], []);
  });

  test("An Ingress that never compiled is served as far as it compiles", () => {
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

  test("The last good version of an Ingress is dropped when the Ingress is deleted or gets another class", () => {
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

  test("An Ingress without its Service is not broken: it answers 503", () => {
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
