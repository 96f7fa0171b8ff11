import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules, PathMatch } from "../../src/rules/snapshot.ts";
import {
  checkRemoval,
  countHostRoutes,
  type DeletionLimits,
  type DeletionVerdict,
  diffRemovals,
  formatRemovalList,
  type Removal,
} from "../../sync/publish/guard/deletion-guard.ts";

const LIMITS: DeletionLimits = { maxRemovedHosts: 10, allowMassDeletion: false };

type RouteText = readonly [id: string, type: PathMatch["type"], path: string];

function buildHost(name: string, ...routes: readonly RouteText[]): HostRules {
  return {
    host: name,
    policies: {},
    routes: routes.map(([id, type, path]) => ({
      id,
      path: type === "regex" ? { type, pattern: path } : { type, path },
      policies: {},
    })),
    backends: {},
  };
}

/** Hosts of one route each, all of one Ingress or of one each. */
function buildSingleRouteHosts(count: number, nameIngress: (index: number) => string): HostRules[] {
  return Array.from({ length: count }, (_, index) =>
    buildHost(`host-${index}.example.com`, [`default/${nameIngress(index)}#0.0`, "prefix", "/"]),
  );
}

function checkChange(before: readonly HostRules[], after: readonly HostRules[], approvedId?: string): DeletionVerdict {
  return checkRemoval(diffRemovals(before, after), countHostRoutes(before), LIMITS, approvedId);
}

function listRemovedRoutes(removal: Removal): string[] {
  return removal.routes.map(({ line }) => line);
}

describe("a removal", () => {
  const before = [
    buildHost("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "exact", "/cart"]),
    buildHost("b.example.com", ["default/blog#0.0", "prefix", "/"]),
  ];

  test("is the routes that go, by host, path type and path, and the hosts that lose their last one", () => {
    const after = [
      buildHost("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "prefix", "/cart"]),
    ];
    const removal = diffRemovals(before, after);
    assert.deepEqual(removal, {
      hosts: ["b.example.com"],
      routes: [
        { ingress: "default/shop", line: "a.example.com exact /cart of default/shop#0.1" },
        { ingress: "default/blog", line: "b.example.com prefix / of default/blog#0.0" },
      ],
    });
  });

  test("is nothing where a route has another id, order or Ingress now, or is closed", () => {
    const [a, b] = before;
    const renamedHost = buildHost("a.example.com", ["new/one#0.0", "exact", "/cart"], ["new/one#0.1", "prefix", "/"]);
    const closedHost = { ...b, policies: { failClosed: { reason: "a typo" } } } as HostRules;
    assert.deepEqual(diffRemovals(before, [closedHost, renamedHost]), { routes: [], hosts: [] });
    assert.ok(a);
  });

  test("is not what one expression makes of the other paths of its host", () => {
    const after = [
      buildHost("a.example.com", ["default/shop#0.0", "regex", "^/"], ["default/shop#0.1", "regex", "^/cart"]),
      before[1] ?? assert.fail(),
    ];
    assert.deepEqual(diffRemovals(before, after).routes, []);
    assert.deepEqual(diffRemovals(after, before).routes, []);
    const hostsWithoutCart = [buildHost("a.example.com", ["default/shop#0.0", "regex", "^/"]), ...before.slice(1)];
    assert.deepEqual(listRemovedRoutes(diffRemovals(before, hostsWithoutCart)), [
      "a.example.com exact /cart of default/shop#0.1",
    ]);
  });

  test("of another expression is one", () => {
    const buildRegexHost = (pattern: string) => [buildHost("a.example.com", ["default/shop#0.0", "regex", pattern])];
    assert.deepEqual(listRemovedRoutes(diffRemovals(buildRegexHost("^/v1"), buildRegexHost("^/v2"))), [
      "a.example.com regex ^/v1 of default/shop#0.0",
    ]);
  });

  test("of a host whose rules are the same object is not looked for", () => {
    const opaqueHost = {
      host: "a.example.com",
      get routes(): never {
        throw new Error("looked at");
      },
    } as unknown as HostRules;
    assert.deepEqual(diffRemovals([opaqueHost], [opaqueHost]), { routes: [], hosts: [] });
  });

  test("of a host that had no route takes none from it", () => {
    assert.deepEqual(diffRemovals([buildHost("a.example.com")], []), { routes: [], hosts: [] });
  });
});

describe("the guard", () => {
  const nameByIndex = (index: number) => `ingress-${index}`;

  test("lets go up to a fifth of all routes, and holds more of them back", () => {
    const before = buildSingleRouteHosts(15, nameByIndex);
    assert.equal(checkChange(before, before.slice(3)).blockedReason, undefined);
    assert.equal(
      checkChange(before, before.slice(4)).blockedReason,
      "4 of 15 routes of 4 Ingresses would be removed; the limit is 20 % per sync",
    );
  });

  test("lets one Ingress take its own routes, however many", () => {
    const before = [
      ...buildSingleRouteHosts(10, () => "one"),
      buildHost("other.example.com", ["default/other#0.0", "prefix", "/"], ["default/other#0.1", "prefix", "/b"]),
    ];
    assert.equal(checkChange(before, before.slice(10)).blockedReason, undefined);
    assert.match(String(checkChange(before, []).blockedReason), /^11 hosts would lose/);
  });

  test("holds back the last routes of more hosts than may lose them, be they one Ingress's or a small part", () => {
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

  test("lets anything go where nothing is published yet", () => {
    assert.equal(checkChange([], buildSingleRouteHosts(50, nameByIndex)).blockedReason, undefined);
    assert.equal(checkChange([], []).blockedReason, undefined);
  });

  test("lets a mass rename of Ingresses go, and 100 Ingresses that answer 503 now", () => {
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

  test("lets go what was approved: exactly this list", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const { id, blockedReason } = checkChange(before, before.slice(11));
    assert.match(id, /^[0-9a-f]{12}$/);
    assert.notEqual(blockedReason, undefined);
    assert.equal(checkChange(before, before.slice(11), id).blockedReason, undefined);
    assert.equal(checkChange(before.toReversed(), before.slice(11), id).blockedReason, undefined);
    assert.notEqual(checkChange(before, before.slice(12), id).blockedReason, undefined);
    assert.notEqual(checkChange(before, before.slice(11), "").blockedReason, undefined);
  });

  test("lets anything go where it is told to", () => {
    const before = buildSingleRouteHosts(20, nameByIndex);
    const verdict = checkRemoval(diffRemovals(before, []), 20, { ...LIMITS, allowMassDeletion: true }, undefined);
    assert.equal(verdict.blockedReason, undefined);
    assert.deepEqual([verdict.routes, verdict.hosts, verdict.lines.length], [20, 20, 40]);
  });

  test("incident: a snapshot with 0 rules is held back, one that is twice as large is not", () => {
    const before = buildSingleRouteHosts(50, nameByIndex);
    assert.match(String(checkChange(before, []).blockedReason), /^50 hosts would lose their last route/);
    const doubledHosts = [
      ...before,
      ...buildSingleRouteHosts(50, nameByIndex).map((rules) => ({ ...rules, host: `more-${rules.host}` })),
    ];
    assert.equal(checkChange(before, doubledHosts).blockedReason, undefined);
  });
});

describe("the list of what would go", () => {
  test("names hosts, then routes", () => {
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

  test("is cut to 500 KB and says how much more there is", () => {
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
