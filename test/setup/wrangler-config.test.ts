import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { WORKER_BINDINGS, WORKER_VARIABLES } from "../../src/env.ts";
import {
  DURABLE_OBJECTS,
  formatWranglerConfig,
  MIGRATIONS,
  WORKER_COMPATIBILITY_DATE,
} from "../../sync/setup/worker/wrangler-config.ts";
import { BUILD, buildSettings, NAMESPACE_ID } from "../support/setup/sample-facts.ts";

const wranglerToml = readFileSync(fileURLToPath(new URL("../../wrangler.toml", import.meta.url)), "utf8");

function parseConfig(text: string) {
  return JSON.parse(text.replace(/^\/\/.*\n/, ""));
}

test("The configuration has one Worker per environment, and is not reachable on workers.dev", () => {
  const production = buildSettings({ verifyingKeys: ["K1"] });
  const staging = buildSettings({
    script: "edgress-staging",
    namespaceId: "s1",
    verifyingKeys: ["K2"],
    analytics: true,
  });
  const text = formatWranglerConfig(
    new Map([
      ["production", production],
      ["staging", staging],
    ] as const),
    BUILD,
  );
  assert.match(text, /^\/\/ Written by `edgress init`\./);
  const { env, ...config } = parseConfig(text);
  assert.deepEqual(config, {
    main: "worker/index.js",
    no_bundle: true,
    compatibility_date: "2026-11-17",
    workers_dev: false,
    preview_urls: false,
    migrations: [
      { tag: "limiter", new_sqlite_classes: ["Limiter"] },
      { tag: "floor", new_sqlite_classes: ["GenerationFloor"] },
    ],
    observability: { enabled: true },
  });
  assert.deepEqual(env.production, {
    name: "edgress",
    kv_namespaces: [{ binding: "RULES", id: NAMESPACE_ID }],
    durable_objects: {
      bindings: [
        { name: "FLOOR", class_name: "GenerationFloor" },
        { name: "LIMITER", class_name: "Limiter" },
      ],
    },
    vars: { EDGRESS_BUILD: BUILD, EDGRESS_KV_NAMESPACE_ID: NAMESPACE_ID, EDGRESS_VERIFYING_KEY: "K1" },
  });
  assert.equal(env.staging.name, "edgress-staging");
  assert.deepEqual(env.staging.analytics_engine_datasets, [{ binding: "ANALYTICS", dataset: "edgress" }]);
});

test("An environment without a KV namespace is not in the configuration", () => {
  const text = formatWranglerConfig(new Map([["staging", buildSettings({ namespaceId: undefined })]] as const), BUILD);
  assert.deepEqual(parseConfig(text).env, {});
});

test("The configuration and wrangler.toml have the same date, Durable Objects and migrations", () => {
  assert.ok(wranglerToml.includes(`compatibility_date = "${WORKER_COMPATIBILITY_DATE}"`));
  const objects = [...wranglerToml.matchAll(/name = "(\w+)"\nclass_name = "(\w+)"/g)].map(([, ...pair]) => pair);
  assert.deepEqual(Object.fromEntries(objects), DURABLE_OBJECTS);
  const migrations = [...wranglerToml.matchAll(/tag = "(\w+)"\nnew_sqlite_classes = \["(\w+)"\]/g)];
  assert.deepEqual(
    migrations.map(([, tag, name]) => ({ tag, new_sqlite_classes: [name] })),
    MIGRATIONS,
  );
});

test("The configuration has the bindings and required variables of the Worker", () => {
  const text = formatWranglerConfig(new Map([["production", buildSettings()]] as const), BUILD);
  const required = Object.entries(WORKER_VARIABLES).flatMap(([name, row]) => (row.required ? [name] : []));
  for (const name of [...required, ...Object.keys(WORKER_BINDINGS).filter((one) => one !== "ANALYTICS")])
    assert.ok(text.includes(`"${name}"`), name);
});
