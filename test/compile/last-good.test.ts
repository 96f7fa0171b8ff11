import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileWithLastGood, type LastGoodCompilation } from "../../sync/compile/last-good.ts";
import {
  buildPathIngress,
  buildWebCluster,
  goodCompilation,
  listRoutes,
  MONDAY,
  options,
  TUESDAY,
} from "./last-good-cluster.ts";

function listReasons({ compilation }: LastGoodCompilation): string[] {
  return compilation.diagnostics.map(({ reason, object }) => `${reason} ${object}`);
}

describe("last good Ingresses", () => {
  test("An Ingress with an unsupported pathType keeps its last good rules, and another Ingress is unchanged", () => {
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

  test("The diagnostic of a last good Ingress keeps its first time over many syncs", () => {
    const brokenCluster = buildWebCluster(buildPathIngress("shop", { pathType: "Regex" }), buildPathIngress("blog"));
    const firstCompilation = compileWithLastGood(brokenCluster, goodCompilation, options, MONDAY);
    const secondCompilation = compileWithLastGood(brokenCluster, firstCompilation, options, TUESDAY);
    assert.deepEqual([...secondCompilation.brokenSince], [["default/shop", MONDAY]]);
    assert.match(
      secondCompilation.compilation.diagnostics.at(-1)?.problem ?? "",
      /has not compiled since 2026-11-23T08:00:00.000Z/,
    );
  });

  test("An Ingress gets its current rules when it compiles again", () => {
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

  test("An Ingress that is not valid at all keeps its last good rules", () => {
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
});
