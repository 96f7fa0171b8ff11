import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_LIMITS, findLimits } from "../../sync/permits/limits.ts";
import {
  ALLOW_ALL,
  DEFAULT_PERMITS,
  findPermittedPaths,
  isPathWithin,
  type Permits,
  permitsHost,
} from "../../sync/permits/model.ts";
import { parsePermits } from "../../sync/permits/parse.ts";

function parseValidPermits(text: string): Permits {
  const result = parsePermits(text);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

describe("claim permits", () => {
  const permits = parseValidPermits(`
claims:
  - { namespaces: [shop], hosts: [shop.example.com] }
  - { namespaces: ["team-*"], hosts: [shop.example.com], paths: [/cart] }
  - { namespaces: [team-a], hosts: [shop.example.com], paths: [/basket] }
  - { namespaces: ["team-*"], hosts: ["*.team.example.com"] }
  - { namespaces: [platform], hosts: ["*"] }
`);

  test("The permits of a namespace and host are the union of the matching entries", () => {
    const cases: readonly (readonly [namespace: string, host: string, paths: readonly string[]])[] = [
      ["shop", "shop.example.com", ["/"]],
      ["team-a", "shop.example.com", ["/basket", "/cart"]],
      ["team-b", "shop.example.com", ["/cart"]],
      ["team", "shop.example.com", []],
      ["shop", "www.shop.example.com", []],
      ["shop", "*.example.com", []],
      ["shop", "*", []],
      ["team-a", "a.team.example.com", ["/"]],
      ["team-a", "a.b.team.example.com", ["/"]],
      ["team-a", "*.team.example.com", ["/"]],
      ["team-a", "*.b.team.example.com", ["/"]],
      ["team-a", "team.example.com", []],
      ["team-a", "xteam.example.com", []],
      ["team-a", "*", []],
      ["platform", "*", ["/"]],
      ["platform", "*.example.com", ["/"]],
    ];
    for (const [namespace, host, paths] of cases) {
      assert.deepEqual(findPermittedPaths(permits, namespace, host), paths, `${namespace} ${host}`);
      assert.equal(permitsHost(permits, namespace, host), paths.includes("/"), `${namespace} ${host}`);
    }
  });

  test("Without claim permits every claim is permitted, and with an empty list none", () => {
    for (const openPermits of [ALLOW_ALL, DEFAULT_PERMITS])
      assert.deepEqual(findPermittedPaths(openPermits, "a", "*"), ["/"]);
    assert.deepEqual(findPermittedPaths(parseValidPermits("claims: []"), "a", "a.example.com"), []);
  });

  test("A permitted path covers itself and everything below it, by whole segments", () => {
    const pathsWithin = ["/cart", "/cart/", "/cart/7", "/cart/7/x"].map((path) => isPathWithin(path, ["/x", "/cart"]));
    const pathsOutside = ["/", "/car", "/cartoon", "/Cart", "/cart%2F7", "/a/cart"].map((path) =>
      isPathWithin(path, ["/cart"]),
    );
    assert.deepEqual(pathsWithin, [true, true, true, true]);
    assert.deepEqual(pathsOutside, [false, false, false, false, false, false]);
    assert.equal(isPathWithin("/anything", ["/"]), true);
  });

  test("The first limit that names a namespace sets its maximum of routes", () => {
    const quotaPermits = parseValidPermits(
      'limits: [{ namespaces: [shop], maxRoutes: 5 }, { namespaces: ["sh*", other], maxRoutes: 7 }]',
    );
    const maxRoutes = ["shop", "ship", "other", "another"].map(
      (namespace) => findLimits(quotaPermits, namespace).maxRoutes,
    );
    assert.deepEqual(maxRoutes, [5, 7, 7, DEFAULT_LIMITS.maxRoutes]);
  });
});
