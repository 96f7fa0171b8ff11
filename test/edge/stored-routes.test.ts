import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readHostRules } from "../../src/load/host-record.ts";
import { Route } from "../../src/rules/snapshot.ts";
import { formatHostRecord } from "../../src/rules/storage/shard-text.ts";

const HOST = "a.example.com";
const ROOT = { type: "prefix", path: "/" };

/** Whether the edge reads a host with this route. The schema of the controller must decide alike. */
function accepts(fields: object): boolean {
  const route = { id: "default/web#0.0", path: ROOT, ...fields };
  const text = formatHostRecord(HOST, JSON.stringify({ host: HOST, routes: [route], backends: {} }));
  const isAccepted = Route.safeParse({ ...route, policies: {} }).success;
  if (isAccepted) assert.deepEqual(readHostRules(text, HOST, "1")?.rules.routes, [{ ...route, policies: {} }]);
  else assert.throws(() => readHostRules(text, HOST, "1"), /^Error: shard 1 is invalid: .* at hosts\.0\.routes\.0$/);
  return isAccepted;
}

describe("stored routes with conditions", () => {
  test("The edge reads every condition of the format", () => {
    const valid: readonly object[] = [
      { when: {} },
      { when: { scheme: "https", method: "GET" } },
      { when: { headers: [{ name: "x-a", value: "" }], query: [] } },
      { when: { query: [{ name: "a", pattern: "^(?:b)$" }] } },
      { when: { query: [{ name: "a", pattern: "^(?:b)$", maxBytes: 1024 }] } },
      { path: { type: "full-regex", pattern: "^(?:/a)$" } },
      { path: { type: "full-regex", pattern: "^(?:/a)$", maxBytes: 1024 } },
    ];
    for (const fields of valid) assert.equal(accepts(fields), true, JSON.stringify(fields));
  });

  test("The edge refuses a condition that it does not know, because it could be a guard", () => {
    const invalid: readonly object[] = [
      { when: null },
      { when: [] },
      { when: { cookie: "a" } },
      { when: { scheme: "ftp" } },
      { when: { method: 1 } },
      { when: { headers: {} } },
      { when: { headers: ["x-a"] } },
      { when: { headers: [{ name: "x-a" }] } },
      { when: { headers: [{ value: "a" }] } },
      { when: { headers: [{ name: "x-a", value: "a", negate: true }] } },
      { when: { headers: [{ name: "x-a", value: "a", maxBytes: 1 }] } },
      { when: { headers: [{ name: "x-a", value: "a", pattern: "a" }] } },
      { when: { query: [{ name: "a", pattern: "a", maxBytes: 1.5 }] } },
      { when: { query: [{ name: "a", pattern: "a", flags: "i" }] } },
      { path: { type: "full-regex", path: "/a" } },
      { path: { type: "full-regex", pattern: "/a", path: "/a" } },
      { path: { type: "glob", pattern: "/a" } },
    ];
    for (const fields of invalid) assert.equal(accepts(fields), false, JSON.stringify(fields));
  });
});
