import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";
import { findChangedIngresses } from "../../sync/publish/guard/changed-ingresses.ts";

function buildRoute(id: string, path = "/"): Route {
  return { id, path: { type: "prefix", path }, backend: "default/web:80", policies: {} };
}

function buildHost(name: string, routes: Route[], address = "203.0.113.10"): HostRules {
  const addresses = [{ address, record: "edgress-0123" }];
  return { host: name, policies: {}, routes, backends: { "default/web:80": { scheme: "http", port: 80, addresses } } };
}

describe("changed Ingresses", () => {
  test("An Ingress with a new or different route has changed", () => {
    const before = [buildHost("a.example.com", [buildRoute("shop/front#0.0"), buildRoute("shop/cart#0.0", "/cart")])];
    const after = [
      buildHost("a.example.com", [buildRoute("shop/front#0.0"), buildRoute("shop/cart#0.0", "/basket")]),
      buildHost("b.example.com", [buildRoute("blog/home#0.0")]),
    ];
    assert.deepEqual([...findChangedIngresses(before, after)].sort(), ["blog/home", "shop/cart"]);
  });

  test("An Ingress whose backend has another address has changed", () => {
    const before = [buildHost("a.example.com", [buildRoute("shop/front#0.0")])];
    const after = [buildHost("a.example.com", [buildRoute("shop/front#0.0")], "203.0.113.11")];
    assert.deepEqual([...findChangedIngresses(before, after)], ["shop/front"]);
  });

  test("Every Ingress of a host with different host policies has changed", () => {
    const before = [buildHost("a.example.com", [buildRoute("shop/front#0.0"), buildRoute("shop/cart#0.0", "/cart")])];
    const after = before.map((rules) => ({ ...rules, policies: { appRoot: { to: "/app" } } }) as unknown as HostRules);
    assert.deepEqual([...findChangedIngresses(before, after)].sort(), ["shop/cart", "shop/front"]);
  });

  test("An Ingress with equal rules has not changed, even if another Ingress was removed", () => {
    const before = [
      buildHost("a.example.com", [buildRoute("shop/front#0.0")]),
      buildHost("b.example.com", [buildRoute("blog/home#0.0")]),
    ];
    const after = [buildHost("a.example.com", [buildRoute("shop/front#0.0")])];
    assert.deepEqual([...findChangedIngresses(before, after)], []);
  });
});
