import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { checkRemoval, diffRemovals, formatRemovalList } from "../../sync/publish/guard/deletion-guard.ts";
import { buildGuardedHost, buildSingleRouteHosts, checkChange, LIMITS } from "../support/publish/removals.ts";

describe("the deletion guard", () => {
  const nameByIndex = (index: number) => `ingress-${index}`;

  test("The guard permits the removal of 20 % of all routes, and blocks more", () => {
    const before = buildSingleRouteHosts(15, nameByIndex);
    assert.equal(checkChange(before, before.slice(3)).blockedReason, undefined);
    assert.equal(
      checkChange(before, before.slice(4)).blockedReason,
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
    assert.equal(checkChange(before, before.slice(10)).blockedReason, undefined);
    assert.match(String(checkChange(before, []).blockedReason), /^11 hosts would lose/);
  });

  test("The guard blocks a removal that takes the last route of more than 10 hosts", () => {
    const before = [
      ...buildSingleRouteHosts(11, () => "one"),
      ...buildSingleRouteHosts(989, nameByIndex).map((rules) => ({ ...rules, host: `x${rules.host}` })),
    ];
    assert.equal(
      checkChange(before, before.slice(11)).blockedReason,
      "11 hosts would lose their last route; the limit is 10 per sync",
    );
    assert.equal(checkChange(before, before.slice(10)).blockedReason, undefined);
  });

  test("The guard permits everything before the first publication", () => {
    assert.equal(checkChange([], buildSingleRouteHosts(50, nameByIndex)).blockedReason, undefined);
    assert.equal(checkChange([], []).blockedReason, undefined);
  });

  test("The guard permits the rename of 100 Ingresses, and 100 Ingresses that fail closed", () => {
    const before = buildSingleRouteHosts(100, nameByIndex);
    assert.equal(
      checkChange(
        before,
        buildSingleRouteHosts(100, (index) => `renamed-${index}`),
      ).blockedReason,
      undefined,
    );
    const closedHosts = before.map((rules) => ({ ...rules, policies: { failClosed: { reason: "x" } } }) as HostRules);
    assert.equal(checkChange(before, closedHosts).blockedReason, undefined);
  });

  test("The guard permits an approved removal only if its list is the same", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const { id, blockedReason } = checkChange(before, before.slice(11));
    assert.match(id, /^[0-9a-f]{12}$/);
    assert.notEqual(blockedReason, undefined);
    assert.equal(checkChange(before, before.slice(11), id).blockedReason, undefined);
    assert.equal(checkChange(before.toReversed(), before.slice(11), id).blockedReason, undefined);
    assert.notEqual(checkChange(before, before.slice(12), id).blockedReason, undefined);
    assert.notEqual(checkChange(before, before.slice(11), "").blockedReason, undefined);
  });

  test("The guard permits everything with --allow-mass-deletion", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const verdict = checkRemoval(diffRemovals(before, []), 20, { ...LIMITS, allowMassDeletion: true }, undefined);
    assert.equal(verdict.blockedReason, undefined);
    assert.deepEqual([verdict.routes, verdict.hosts, verdict.lines.length], [20, 20, 40]);
  });

  test("The guard blocks a snapshot without rules, and permits one of twice the size", () => {
    const before = buildSingleRouteHosts(50, nameByIndex);
    assert.match(String(checkChange(before, []).blockedReason), /^50 hosts would lose their last route/);
    const doubledHosts = [
      ...before,
      ...buildSingleRouteHosts(50, nameByIndex).map((rules) => ({ ...rules, host: `more-${rules.host}` })),
    ];
    assert.equal(checkChange(before, doubledHosts).blockedReason, undefined);
  });
});

describe("the list of a removal", () => {
  test("The list of a removal has hosts first, then routes", () => {
    const verdict = checkChange(
      buildSingleRouteHosts(2, (index) => `shop-${index}`),
      [],
    );
    assert.equal(
      formatRemovalList(verdict),
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
    const verdict = checkChange(
      buildSingleRouteHosts(20_000, (index) => `ü-${index}`),
      [],
    );
    const text = formatRemovalList(verdict);
    assert.ok(Buffer.byteLength(text) <= 500_000 && Buffer.byteLength(text) > 499_000);
    const [, hiddenCount] = /\n… and (\d+) more\n$/.exec(text) ?? [];
    assert.equal(text.trimEnd().split("\n").length - 1 + Number(hiddenCount), 40_000);
  });
});
