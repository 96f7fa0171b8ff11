import assert from "node:assert/strict";
import { test } from "node:test";
import { errorResponse } from "../src/answer.ts";
import type { Next } from "../src/filters/filter.ts";
import { buildChain } from "../src/filters/index.ts";

const terminalHandler: Next = async (exchange) => errorResponse(exchange, 404, "no-route");
const hostContext = {
  rules: { host: "shop.example.com", policies: {}, routes: [], backends: {} },
  forward: terminalHandler,
};

test("a route without policies has no filter at all: its chain is the forwarding itself", () => {
  assert.equal(buildChain({}, terminalHandler, hostContext), terminalHandler);
});

test("a policy that a route has is a filter around the forwarding", () => {
  assert.notEqual(buildChain({ hsts: { value: "max-age=1" } }, terminalHandler, hostContext), terminalHandler);
});
