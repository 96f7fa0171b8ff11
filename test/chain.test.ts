import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAnswer } from "../src/answer.ts";
import type { Next } from "../src/filters/filter.ts";
import { chainOf } from "../src/filters/index.ts";

const last: Next = async (exchange) => ownAnswer(exchange, 404, "no-route");
const site = { rules: { host: "shop.example.com", policies: {}, routes: [], backends: {} }, forward: last };

test("a route without policies has no filter at all: its chain is the forwarding itself", () => {
  assert.equal(chainOf({}, last, site), last);
});

test("a policy that a route has is a filter around the forwarding", () => {
  assert.notEqual(chainOf({ hsts: { value: "max-age=1" } }, last, site), last);
});
