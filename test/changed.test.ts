import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules, Route } from "../src/rules/snapshot.ts";
import { changedIngresses } from "../sync/publish/changed.ts";

function route(id: string, path = "/"): Route {
  return { id, path: { type: "prefix", path }, backend: "default/web:80", policies: {} };
}

function host(name: string, routes: Route[], address = "203.0.113.10"): HostRules {
  const addresses = [{ address, record: "edgress-0123" }];
  return { host: name, policies: {}, routes, backends: { "default/web:80": { scheme: "http", port: 80, addresses } } };
}

describe("the Ingresses that have changed", () => {
  test("are those with a route that is new or different", () => {
    const before = [host("a.example.com", [route("shop/front#0.0"), route("shop/cart#0.0", "/cart")])];
    const after = [
      host("a.example.com", [route("shop/front#0.0"), route("shop/cart#0.0", "/basket")]),
      host("b.example.com", [route("blog/home#0.0")]),
    ];
    assert.deepEqual([...changedIngresses(before, after)].sort(), ["blog/home", "shop/cart"]);
  });

  test("are those whose backend is reached elsewhere", () => {
    const before = [host("a.example.com", [route("shop/front#0.0")])];
    const after = [host("a.example.com", [route("shop/front#0.0")], "203.0.113.11")];
    assert.deepEqual([...changedIngresses(before, after)], ["shop/front"]);
  });

  test("are all of a host whose own policies are different", () => {
    const before = [host("a.example.com", [route("shop/front#0.0"), route("shop/cart#0.0", "/cart")])];
    const after = before.map((rules) => ({ ...rules, policies: { appRoot: { to: "/app" } } }) as unknown as HostRules);
    assert.deepEqual([...changedIngresses(before, after)].sort(), ["shop/cart", "shop/front"]);
  });

  test("are none where the rules are equal, or where there are fewer", () => {
    const before = [host("a.example.com", [route("shop/front#0.0")]), host("b.example.com", [route("blog/home#0.0")])];
    const after = [host("a.example.com", [route("shop/front#0.0")])];
    assert.deepEqual([...changedIngresses(before, after)], []);
  });
});
