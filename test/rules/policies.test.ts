import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import { policyNames } from "../../src/rules/policies/index.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const FIELDS = [
  "name",
  "doc",
  "scope",
  "protects",
  "restricts",
  "appliesToCatchAll",
  "allowedAsClassDefault",
  "surprisesWhenInherited",
  "pathLimited",
  "regexPaths",
  "furtherHosts",
  "settings",
  "annotations",
  "fromAnnotations",
];

const MAY_NAME_POLICIES = [
  "src/rules/policies/",
  "src/filters/",
  "sync/lint/nginx-config-map/", // names keys of ingress-nginx's ConfigMap
  "sync/convert/", // writes each policy as fields of an HTTPRoute
  "sync/explain/", // shows both sides of a canary, and the scheme of a host
  // Some types of an HTTPRoute's filters have the name of a policy.
  "sync/collect/gateway/",
  "sync/compile/gateway/rules/route-filters.ts",
];

test("Every policy declares every field", () => {
  for (const policy of compiledPolicies) {
    assert.deepEqual(Object.keys(policy).toSorted(), FIELDS.toSorted(), policy.name);
    assert.match(policy.doc, /^[A-Z].{10,75}\.$/, policy.name);
  }
});

test("No code outside of the policies and filters names a policy", async () => {
  const names = policyNames.join("|");
  // A name in quotes, a property of settings or values, or a key of settings that are written.
  const pattern = new RegExp(
    `(?<!lookUp\\()"(${names})"|\\b(settings|policies|values)\\??\\.(${names})\\b|policies: \\{ (${names})\\b`,
  );
  const uses = [];
  for await (const path of glob(["src/**/*.ts", "sync/**/*.ts", "tools/**/*.ts"], { cwd: REPOSITORY })) {
    if (MAY_NAME_POLICIES.some((prefix) => path.startsWith(prefix))) continue;
    const lines = readFileSync(`${REPOSITORY}/${path}`, "utf8").split("\n");
    uses.push(...lines.filter((line) => pattern.test(line)).map((line) => `${path}: ${line.trim()}`));
  }
  assert.deepEqual(uses, []);
});
