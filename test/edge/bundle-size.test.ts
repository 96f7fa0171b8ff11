import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

// A tenth above the last measurement, since every cold isolate parses them all: 48,719 bytes at first, 68,111 with redirects,
// further names and error pages, 147,897 with who may call (bcryptjs 19,000, hpke 16,000, hashes 15,000, crypt(3) 4,000), 170,773
// with canaries, affinity, retries, limits and copies (4,500 of it the documentation of their annotations).
const BUDGET_BYTES = 187_900;

test(`the Worker is under ${BUDGET_BYTES} bytes, minified`, async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    external: ["node:*", "cloudflare:*"],
    alias: { crypto: "node:crypto" },
  });
  const bytes = outputFiles[0]?.contents.length ?? Number.POSITIVE_INFINITY;
  assert.ok(bytes < BUDGET_BYTES, `it has ${bytes} bytes`);
});
