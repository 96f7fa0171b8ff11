import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules, PathMatch } from "../src/rules/snapshot.ts";
import {
  type DeletionLimits,
  judge,
  type Removal,
  removalOf,
  routesIn,
  textOf,
  type Verdict,
} from "../sync/publish/deletion-guard.ts";

const LIMITS: DeletionLimits = { mostHosts: 10, allowMassDeletion: false };

type RouteText = readonly [id: string, type: PathMatch["type"], path: string];

function host(name: string, ...routes: readonly RouteText[]): HostRules {
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
function hosts(count: number, ingressOf: (index: number) => string): HostRules[] {
  return Array.from({ length: count }, (_, index) =>
    host(`host-${index}.example.com`, [`default/${ingressOf(index)}#0.0`, "prefix", "/"]),
  );
}

function verdictOn(before: readonly HostRules[], after: readonly HostRules[], approved?: string): Verdict {
  return judge(removalOf(before, after), routesIn(before), LIMITS, approved);
}

function linesOf(removal: Removal): string[] {
  return removal.routes.map(({ line }) => line);
}

describe("a removal", () => {
  const before = [
    host("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "exact", "/cart"]),
    host("b.example.com", ["default/blog#0.0", "prefix", "/"]),
  ];

  test("is the routes that go, by host, path type and path, and the hosts that lose their last one", () => {
    const after = [host("a.example.com", ["default/shop#0.0", "prefix", "/"], ["default/shop#0.1", "prefix", "/cart"])];
    const removal = removalOf(before, after);
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
    const renamed = host("a.example.com", ["new/one#0.0", "exact", "/cart"], ["new/one#0.1", "prefix", "/"]);
    const closed = { ...b, policies: { closed: { because: "a typo" } } } as HostRules;
    assert.deepEqual(removalOf(before, [closed, renamed]), { routes: [], hosts: [] });
    assert.ok(a);
  });

  test("is not what one expression makes of the other paths of its host", () => {
    const after = [
      host("a.example.com", ["default/shop#0.0", "regex", "^/"], ["default/shop#0.1", "regex", "^/cart"]),
      before[1] ?? assert.fail(),
    ];
    assert.deepEqual(removalOf(before, after).routes, []);
    assert.deepEqual(removalOf(after, before).routes, []);
    const without = [host("a.example.com", ["default/shop#0.0", "regex", "^/"]), ...before.slice(1)];
    assert.deepEqual(linesOf(removalOf(before, without)), ["a.example.com exact /cart of default/shop#0.1"]);
  });

  test("of another expression is one", () => {
    const expression = (pattern: string) => [host("a.example.com", ["default/shop#0.0", "regex", pattern])];
    assert.deepEqual(linesOf(removalOf(expression("^/v1"), expression("^/v2"))), [
      "a.example.com regex ^/v1 of default/shop#0.0",
    ]);
  });

  test("of a host whose rules are the same object is not looked for", () => {
    const opaque = {
      host: "a.example.com",
      get routes(): never {
        throw new Error("looked at");
      },
    } as unknown as HostRules;
    assert.deepEqual(removalOf([opaque], [opaque]), { routes: [], hosts: [] });
  });

  test("of a host that had no route takes none from it", () => {
    assert.deepEqual(removalOf([host("a.example.com")], []), { routes: [], hosts: [] });
  });
});

describe("the guard", () => {
  const each = (index: number) => `ingress-${index}`;

  test("lets go up to a fifth of all routes, and holds more of them back", () => {
    const before = hosts(15, each);
    assert.equal(verdictOn(before, before.slice(3)).heldBack, undefined);
    assert.equal(
      verdictOn(before, before.slice(4)).heldBack,
      "4 of 15 routes, of 4 Ingresses, would go, and at most a fifth may in one round",
    );
  });

  test("lets one Ingress take its own routes, however many", () => {
    const before = [
      ...hosts(10, () => "one"),
      host("other.example.com", ["default/other#0.0", "prefix", "/"], ["default/other#0.1", "prefix", "/b"]),
    ];
    assert.equal(verdictOn(before, before.slice(10)).heldBack, undefined);
    assert.match(String(verdictOn(before, []).heldBack), /^11 hosts would lose/);
  });

  test("holds back the last routes of more hosts than may lose them, be they one Ingress's or a small part", () => {
    const before = [
      ...hosts(11, () => "one"),
      ...hosts(989, each).map((rules) => ({ ...rules, host: `x${rules.host}` })),
    ];
    assert.equal(
      verdictOn(before, before.slice(11)).heldBack,
      "11 hosts would lose their last route, and at most 10 may in one round",
    );
    assert.equal(verdictOn(before, before.slice(10)).heldBack, undefined);
  });

  test("lets anything go where nothing is published yet", () => {
    assert.equal(verdictOn([], hosts(50, each)).heldBack, undefined);
    assert.equal(verdictOn([], []).heldBack, undefined);
  });

  test("lets a mass rename of Ingresses go, and 100 Ingresses that answer 503 now", () => {
    const before = hosts(100, each);
    assert.equal(
      verdictOn(
        before,
        hosts(100, (index) => `renamed-${index}`),
      ).heldBack,
      undefined,
    );
    const closed = before.map((rules) => ({ ...rules, policies: { closed: { because: "x" } } }) as HostRules);
    assert.equal(verdictOn(before, closed).heldBack, undefined);
  });

  test("lets go what was approved: exactly this list", () => {
    const before = hosts(20, each);
    const { id, heldBack } = verdictOn(before, before.slice(11));
    assert.match(id, /^[0-9a-f]{12}$/);
    assert.notEqual(heldBack, undefined);
    assert.equal(verdictOn(before, before.slice(11), id).heldBack, undefined);
    assert.equal(verdictOn(before.toReversed(), before.slice(11), id).heldBack, undefined);
    assert.notEqual(verdictOn(before, before.slice(12), id).heldBack, undefined);
    assert.notEqual(verdictOn(before, before.slice(11), "").heldBack, undefined);
  });

  test("lets anything go where it is told to", () => {
    const before = hosts(20, each);
    const verdict = judge(removalOf(before, []), 20, { ...LIMITS, allowMassDeletion: true }, undefined);
    assert.equal(verdict.heldBack, undefined);
    assert.deepEqual([verdict.routes, verdict.hosts, verdict.lines.length], [20, 20, 40]);
  });

  test("incident: a snapshot with 0 rules is held back, one that is twice as large is not", () => {
    const before = hosts(50, each);
    assert.match(String(verdictOn(before, []).heldBack), /^50 hosts would lose their last route/);
    const doubled = [...before, ...hosts(50, each).map((rules) => ({ ...rules, host: `more-${rules.host}` }))];
    assert.equal(verdictOn(before, doubled).heldBack, undefined);
  });
});

describe("the list of what would go", () => {
  test("names hosts, then routes", () => {
    const verdict = verdictOn(
      hosts(2, (index) => `shop-${index}`),
      [],
    );
    assert.equal(
      textOf(verdict),
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
    const verdict = verdictOn(
      hosts(20_000, (index) => `ü-${index}`),
      [],
    );
    const text = textOf(verdict);
    assert.ok(Buffer.byteLength(text) <= 500_000 && Buffer.byteLength(text) > 499_000);
    const [, more] = /\n… and (\d+) more\n$/.exec(text) ?? [];
    assert.equal(text.trimEnd().split("\n").length - 1 + Number(more), 40_000);
  });
});
