import assert from "node:assert/strict";
import { test } from "node:test";
import { shouldRetry } from "../../src/forward/retry.ts";

test("shouldRetry decides by condition and method", () => {
  const retry = (...on: Parameters<typeof shouldRetry>[2]["on"]) => ({ on, tries: 3, withinMs: 0 });
  assert.equal(shouldRetry("timeout", "GET", retry("timeout")), true);
  assert.equal(shouldRetry("timeout", "GET", retry("error")), false);
  assert.equal(shouldRetry("error", "POST", retry("error")), false);
  assert.equal(shouldRetry("error", "POST", retry("error", "non_idempotent")), true);
  assert.equal(shouldRetry("error", "GET", retry("timeout")), false);
  assert.equal(shouldRetry("error", "LOCK", retry("error")), false);
  assert.equal(shouldRetry("http_52x", "GET", retry("error", "timeout")), false);
  assert.equal(shouldRetry("http_52x", "GET", retry("http_52x")), true);
  assert.equal(shouldRetry("http_404", "DELETE", retry("http_404")), true);
  assert.equal(shouldRetry(undefined, "GET", retry("error", "timeout")), false);
});
