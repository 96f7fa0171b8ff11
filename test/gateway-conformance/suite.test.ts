import assert from "node:assert/strict";
import { test } from "node:test";
import { readResult } from "./suite.ts";

test("The result of a test of the suite is read from its line, and not from those of its parts", () => {
  const line = "\x16    --- PASS: TestConformance/HTTPRouteMatching (1.25s)";
  assert.deepEqual(readResult(line), { result: "PASS", name: "HTTPRouteMatching", seconds: 1.25 });
  assert.equal(readResult("        --- FAIL: TestConformance/HTTPRouteMatching/0_request (0.00s)"), undefined);
  assert.equal(readResult("--- FAIL: TestConformance (3.00s)"), undefined);
});
