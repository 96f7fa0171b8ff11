import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { formatRemovalList, guardDeletions } from "../../sync/publish/guard/deletion-guard.ts";
import { buildGuardedHost, buildSingleRouteHosts, findBlockedRemoval, LIMITS } from "../support/publish/removals.ts";

describe("the deletion guard", () => {
  const nameByIndex = (index: number) => `ingress-${index}`;

  test("The guard permits the removal of 20 % of all routes, and blocks more", () => {
    const before = buildSingleRouteHosts(15, nameByIndex);
    assert.equal(findBlockedRemoval(before, before.slice(3))?.reason, undefined);
    assert.equal(
      findBlockedRemoval(before, before.slice(4))?.reason,
      "4 of 15 routes of 4 Ingresses would be removed; the limit is 20 % per sync",
    );
  });

  test("The guard permits one Ingress to remove all its routes", () => {
    const before = [
      ...buildSingleRouteHosts(10, () => "one"),
      buildGuardedHost(
        "other.example.com",
        ["default/other#0.0", "prefix", "/"],
        ["default/other#0.1", "prefix", "/b"],
      ),
    ];
    assert.equal(findBlockedRemoval(before, before.slice(10))?.reason, undefined);
    assert.match(String(findBlockedRemoval(before, [])?.reason), /^11 hosts would lose/);
  });

  test("The guard permits one Ingress to remove the last route of 11 hosts", () => {
    const before = [
      ...buildSingleRouteHosts(11, () => "one"),
      ...buildSingleRouteHosts(989, nameByIndex).map((rules) => ({ ...rules, host: `x${rules.host}` })),
    ];
    assert.equal(findBlockedRemoval(before, before.slice(11)), undefined);
  });

  test("The guard blocks a removal that takes the last route of more than 10 hosts", () => {
    const before = [
      ...buildSingleRouteHosts(11, (index) => (index < 6 ? "one" : "two")),
      ...buildSingleRouteHosts(989, nameByIndex).map((rules) => ({ ...rules, host: `x${rules.host}` })),
    ];
    assert.equal(
      findBlockedRemoval(before, before.slice(11))?.reason,
      "11 hosts would lose their last route; the limit is 10 per sync",
    );
    assert.equal(findBlockedRemoval(before, before.slice(10))?.reason, undefined);
  });

  test("The guard permits everything before the first publication", () => {
    assert.equal(findBlockedRemoval([], buildSingleRouteHosts(50, nameByIndex)), undefined);
    assert.equal(findBlockedRemoval([], []), undefined);
  });

  test("The guard permits the rename of 100 Ingresses, and 100 Ingresses that fail closed", () => {
    const before = buildSingleRouteHosts(100, nameByIndex);
    assert.equal(
      findBlockedRemoval(
        before,
        buildSingleRouteHosts(100, (index) => `renamed-${index}`),
      ),
      undefined,
    );
    const closedHosts = before.map((rules) => ({ ...rules, policies: { failClosed: { reason: "x" } } }) as HostRules);
    assert.equal(findBlockedRemoval(before, closedHosts), undefined);
  });

  test("The guard permits an approved removal only if its list is the same", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const { id } = findBlockedRemoval(before, before.slice(11)) ?? assert.fail();
    assert.match(id, /^[0-9a-f]{12}$/);
    assert.equal(findBlockedRemoval(before, before.slice(11), id), undefined);
    assert.equal(findBlockedRemoval(before.toReversed(), before.slice(11), id), undefined);
    assert.notEqual(findBlockedRemoval(before, before.slice(12), id), undefined);
    assert.notEqual(findBlockedRemoval(before, before.slice(11), ""), undefined);
  });

  test("The guard permits everything with --allow-mass-deletion", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const guardedHosts = guardDeletions(before, [], { ...LIMITS, allowMassDeletion: true }, new Set());
    assert.deepEqual(guardedHosts, { hosts: [], blockedRemovals: [] });
  });

  test("The guard blocks a snapshot without rules, and permits one of twice the size", () => {
    const before = buildSingleRouteHosts(50, nameByIndex);
    assert.match(String(findBlockedRemoval(before, [])?.reason), /^50 hosts would lose their last route/);
    const doubledHosts = [
      ...before,
      ...buildSingleRouteHosts(50, nameByIndex).map((rules) => ({ ...rules, host: `more-${rules.host}` })),
    ];
    assert.equal(findBlockedRemoval(before, doubledHosts), undefined);
  });
});

describe("the list of a removal", () => {
  test("The list of a removal has hosts first, then routes", () => {
    const removal = findBlockedRemoval(
      buildSingleRouteHosts(2, (index) => `shop-${index}`),
      [],
    );
    assert.ok(removal);
    assert.equal(
      formatRemovalList(removal),
      [
        "host host-0.example.com",
        "host host-1.example.com",
        "route host-0.example.com prefix / of default/shop-0#0.0",
        "route host-1.example.com prefix / of default/shop-1#0.0",
        "",
      ].join("\n"),
    );
  });

  test("The list of a removal is cut to 500 KB, with the number of omitted lines", () => {
    const removal = findBlockedRemoval(
      buildSingleRouteHosts(20_000, (index) => `ü-${index}`),
      [],
    );
    assert.ok(removal);
    const text = formatRemovalList(removal);
    assert.ok(Buffer.byteLength(text) <= 500_000 && Buffer.byteLength(text) > 499_000);
    const [, hiddenCount] = /\n… and (\d+) more\n$/.exec(text) ?? [];
    assert.equal(text.trimEnd().split("\n").length - 1 + Number(hiddenCount), 40_000);
  });
});
