import assert from "node:assert/strict";
import { test } from "node:test";
import { buildChain } from "../../src/filters/index.ts";
import type { Next } from "../../src/request/filter.ts";
import { errorResponse } from "../../src/request/response.ts";
import { EMPTY_HOST_CONTEXT } from "../support/worker/sample-exchanges.ts";

const terminalHandler: Next = async (exchange) => errorResponse(exchange, 404, "no-route");
const hostContext = { ...EMPTY_HOST_CONTEXT, forward: terminalHandler };

test("The chain of a route without policies is the forwarding itself", () => {
  assert.equal(buildChain({}, terminalHandler, hostContext), terminalHandler);
});

test("The chain of a route with a policy has a filter around the forwarding", () => {
  assert.notEqual(buildChain({ hsts: { value: "max-age=1" } }, terminalHandler, hostContext), terminalHandler);
});
