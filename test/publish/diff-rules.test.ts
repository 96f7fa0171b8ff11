import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expandShard, type HostRules, type Route } from "../../src/rules/snapshot.ts";
import { diffRules } from "../../sync/publish/changes/diff-rules.ts";
import { rememberSettingsKeys } from "../../sync/publish/serialize.ts";

const CART = { scheme: "http" as const, port: 80, addresses: [{ address: "203.0.113.10", record: "edgress-1" }] };
const MOVED = { scheme: "http" as const, port: 80, addresses: [{ address: "203.0.113.99", record: "edgress-9" }] };

function buildHost(host: string, routes: readonly Partial<Route>[], rest: Partial<HostRules> = {}): HostRules {
  const fullRoutes = routes.map((route, index) => ({
    id: `default/shop#0.${index}`,
    path: { type: "prefix" as const, path: "/" },
    backend: "default/cart:80",
    policies: {},
    ...route,
  }));
  return { host, policies: {}, backends: { "default/cart:80": CART }, ...rest, routes: fullRoutes };
}

describe("the difference between two snapshots", () => {
  test("Equal rules in other objects have no difference", () => {
    assert.deepEqual(diffRules([buildHost("a.example.com", [{}])], [buildHost("a.example.com", [{}])]), []);
  });

  test("An added and a removed host name their routes", () => {
    assert.deepEqual(diffRules([buildHost("old.example.com", [{}])], [buildHost("new.example.com", [{}])]), [
      {
        change: "added",
        host: "new.example.com",
        fields: [],
        routes: [
          {
            change: "added",
            match: "prefix /",
            ingress: "default/shop",
            fields: [
              { field: "backend", after: "default/cart:80" },
              { field: "addresses of default/cart:80", after: "http port 80: 203.0.113.10" },
            ],
          },
        ],
      },
      {
        change: "removed",
        host: "old.example.com",
        fields: [],
        routes: [
          {
            change: "removed",
            match: "prefix /",
            ingress: "default/shop",
            fields: [
              { field: "backend", before: "default/cart:80" },
              { field: "addresses of default/cart:80", before: "http port 80: 203.0.113.10" },
            ],
          },
        ],
      },
    ]);
  });

  test("A changed route names each value before and after", () => {
    const before = buildHost("a.example.com", [
      { policies: { hsts: { value: "max-age=1" }, appRoot: { path: "/a" } } as never },
    ]);
    const after = buildHost(
      "a.example.com",
      [{ id: "default/other#0.0", policies: { hsts: { value: "max-age=2" }, redirect: { code: 301 } } as never }],
      { backends: { "default/cart:80": MOVED } },
    );
    const [host] = diffRules([before], [after]);
    assert.deepEqual(host?.routes[0]?.fields, [
      { field: "ingress", before: "default/shop", after: "default/other" },
      {
        field: "addresses of default/cart:80",
        before: "http port 80: 203.0.113.10",
        after: "http port 80: 203.0.113.99",
      },
      { field: "appRoot", before: '{"path":"/a"}' },
      { field: "hsts.value", before: '"max-age=1"', after: '"max-age=2"' },
      { field: "redirect", after: '{"code":301}' },
    ]);
  });

  test("A secret that has the same key in another ciphertext is no difference, and a changed one is not shown", () => {
    const users = (text: string) => ({
      authorization: { any: false, basic: { realm: "", users: `sealed:${text}:AA==` } },
    });
    const publish = (key: string, text: string) => {
      const shard = { settings: { [key]: users(text) as never }, hosts: [] };
      rememberSettingsKeys(shard);
      const route = { id: "default/shop#0.0", path: { type: "prefix" as const, path: "/" }, policies: key };
      return expandShard({ ...shard, hosts: [{ host: "a.example.com", routes: [route], backends: {} }] });
    };
    assert.deepEqual(diffRules(publish("1", "AAAA"), publish("1", "BBBB")), []);
    const [host] = diffRules(publish("1", "AAAA"), publish("2", "BBBB"));
    assert.deepEqual(host?.routes[0]?.fields, [
      { field: "authorization", before: "another secret", after: "a changed secret" },
    ]);
  });
});
