import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { diffRemovals, type Removal } from "../../sync/publish/guard/removals.ts";
import { buildGuardedHost } from "../support/publish/removals.ts";

function listRemovedRoutes(removal: Removal): string[] {
  return removal.routes.map(({ line }) => line);
}

describe("a removal", () => {
  const before = [
    buildGuardedHost("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "exact", "/cart"]),
    buildGuardedHost("b.example.com", ["default/blog#0.0", "prefix", "/"]),
  ];

  test("A removal lists removed routes by host, path type and path, and the hosts that lose their last route", () => {
    const after = [
      buildGuardedHost("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "prefix", "/cart"]),
    ];
    const removal = diffRemovals(before, after);
    assert.deepEqual(removal, {
      hosts: [{ namespace: "default", host: "b.example.com" }],
      routes: [
        {
          namespace: "default",
          ingress: "default/shop",
          host: "a.example.com",
          id: "default/shop#0.1",
          line: "a.example.com exact /cart of default/shop#0.1",
        },
        {
          namespace: "default",
          ingress: "default/blog",
          host: "b.example.com",
          id: "default/blog#0.0",
          line: "b.example.com prefix / of default/blog#0.0",
        },
      ],
    });
  });

  test("A route with another id, order or Ingress, or a closed route, is not removed", () => {
    const [a, b] = before;
    const renamedHost = buildGuardedHost(
      "a.example.com",
      ["new/one#0.0", "exact", "/cart"],
      ["new/one#0.1", "prefix", "/"],
    );
    const closedHost = { ...b, policies: { failClosed: { reason: "a typo" } } } as HostRules;
    assert.deepEqual(diffRemovals(before, [closedHost, renamedHost]), { routes: [], hosts: [] });
    assert.ok(a);
  });

  test("A path that becomes a regex, because another path of its host is one, is not removed", () => {
    const after = [
      buildGuardedHost("a.example.com", ["default/shop#0.0", "regex", "^/"], ["default/shop#0.1", "regex", "^/cart"]),
      before[1] ?? assert.fail(),
    ];
    assert.deepEqual(diffRemovals(before, after).routes, []);
    assert.deepEqual(diffRemovals(after, before).routes, []);
    const hostsWithoutCart = [
      buildGuardedHost("a.example.com", ["default/shop#0.0", "regex", "^/"]),
      ...before.slice(1),
    ];
    assert.deepEqual(listRemovedRoutes(diffRemovals(before, hostsWithoutCart)), [
      "a.example.com exact /cart of default/shop#0.1",
    ]);
  });

  test("A route with another regex is removed", () => {
    const buildRegexHost = (pattern: string) => [
      buildGuardedHost("a.example.com", ["default/shop#0.0", "regex", pattern]),
    ];
    assert.deepEqual(listRemovedRoutes(diffRemovals(buildRegexHost("^/v1"), buildRegexHost("^/v2"))), [
      "a.example.com regex ^/v1 of default/shop#0.0",
    ]);
  });

  test("A host whose rules are the same object is not compared", () => {
    const opaqueHost = {
      host: "a.example.com",
      get routes(): never {
        throw new Error("looked at");
      },
    } as unknown as HostRules;
    assert.deepEqual(diffRemovals([opaqueHost], [opaqueHost]), { routes: [], hosts: [] });
  });

  test("A removed host without routes removes no route", () => {
    assert.deepEqual(diffRemovals([buildGuardedHost("a.example.com")], []), { routes: [], hosts: [] });
  });
});
