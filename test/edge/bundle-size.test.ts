import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { WORKER_BINDINGS, WORKER_VARIABLES } from "../../src/env.ts";
import { ACCESS_LOG_FIELDS } from "../../src/request/access-log.ts";
import { REQUEST_OUTCOMES } from "../../src/request/outcomes.ts";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";

// Near the last measurement, because every cold isolate parses these bytes. Measured: 215,300 bytes. bcryptjs
// has 18,000 of them, hpke 16,000, hashes 15,000, crypt(3) 4,000, filters and conditions of HTTPRoutes 13,000, and the reader
// of snippets 6,000, because a policy has its annotations and its settings in one file. The compiler's own code is not in the bundle.
const BUDGET_BYTES = 217_000;

test(`The Worker has less than ${BUDGET_BYTES} bytes, minified`, async () => {
  const bytes = (await bundleWorker()).length;
  assert.ok(bytes < BUDGET_BYTES, `it has ${bytes} bytes`);
});

test("The Worker does not contain the documentation of policies, outcomes, log fields and variables", async () => {
  const bundle = new TextDecoder().decode(await bundleWorker());
  const docs = [
    ...compiledPolicies.map(({ doc }) => doc),
    ...Object.values(REQUEST_OUTCOMES).flatMap(({ meaning, remedy }) => [meaning, remedy]),
    ...Object.values(ACCESS_LOG_FIELDS),
    ...Object.values(WORKER_BINDINGS),
    ...Object.values(WORKER_VARIABLES).map(({ doc }) => doc),
  ];
  assert.deepEqual(
    docs.filter((doc) => bundle.includes(doc)),
    [],
  );
});

async function bundleWorker(): Promise<Uint8Array> {
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
  const [output] = outputFiles;
  assert.ok(output);
  return output.contents;
}
