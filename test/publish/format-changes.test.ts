import assert from "node:assert/strict";
import { test } from "node:test";
import { type Changes, formatChanges } from "../../sync/publish/changes/format-changes.ts";

const NONE = { added: [], changed: [], removed: [] };
const EMPTY: Changes = { hosts: NONE, routes: NONE, ingresses: NONE, records: NONE };

test("Changes name Ingresses and HTTPRoutes by their kind", () => {
  const ingresses = {
    added: ["HTTPRoute shop/cart", "shop/cart"],
    changed: ["HTTPRoute shop/next"],
    removed: ["shop/old"],
  };
  assert.deepEqual(formatChanges({ ...EMPTY, ingresses }), [
    "+ Ingress shop/cart",
    "- Ingress shop/old",
    "+ HTTPRoute shop/cart",
    "~ HTTPRoute shop/next",
    "changes: hosts +0 ~0 -0, Ingresses +1 ~0 -1, HTTPRoutes +1 ~1 -0, routes +0 ~0 -0, DNS records +0 ~0 -0",
  ]);
});

test("Without changes of HTTPRoutes, their count is not shown", () => {
  assert.deepEqual(formatChanges({ ...EMPTY, ingresses: { ...NONE, changed: ["shop/cart"] } }), [
    "~ Ingress shop/cart",
    "changes: hosts +0 ~0 -0, Ingresses +0 ~1 -0, routes +0 ~0 -0, DNS records +0 ~0 -0",
  ]);
});
