import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";
import { guardDeletions } from "../../sync/publish/guard/deletion-guard.ts";
import { LIMITS } from "../support/publish/removals.ts";

/** Returns hosts of one namespace, each with its routes: "shop/cart#0 /path". A path that starts with "^" is a regex. */
function buildHosts(hosts: Readonly<Record<string, readonly string[]>>, policies: Route["policies"] = {}): HostRules[] {
  const entries = Object.entries(hosts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([host, texts]) => ({
    host,
    policies: {},
    routes: texts.map((text) => {
      const [, id = "", path = "/"] = /^(.*) (\S+)$/.exec(text) ?? [];
      return {
        id,
        path: path.startsWith("^") ? { type: "regex", pattern: path } : { type: "prefix", path },
        policies,
        backend: `${id.split("/")[0]}/web:80`,
      };
    }),
    backends: { "alice/web:80": BACKEND, "bob/web:80": BACKEND },
  }));
}

const BACKEND: HostRules["backends"][string] = {
  scheme: "http",
  port: 80,
  addresses: [{ address: "203.0.113.10", record: "edgress-1" }],
};

function guard(before: readonly HostRules[], after: readonly HostRules[], ...approvedIds: readonly string[]) {
  return guardDeletions(before, after, LIMITS, new Set(approvedIds));
}

function listRoutes(hosts: readonly HostRules[]): string[] {
  return hosts.flatMap(({ host, routes }) =>
    routes.map(({ id, path }) => `${host}${"pattern" in path ? path.pattern : path.path} ${id}`),
  );
}

const BOB_HOSTS = Object.fromEntries(
  Array.from({ length: 11 }, (_, index) => [`bob-${10 + index}.example.com`, [`bob/${index % 2}#0 /`]]),
);

describe("the deletion guard and two tenants", () => {
  test("A mass deletion in one namespace cannot hold back the changes and deletions of another", () => {
    const before = buildHosts({ "alice.example.com": ["alice/a#0 /", "alice/b#0 /b"], ...BOB_HOSTS });
    const policies = { ipAllow: { addresses: ["192.0.2.0/24"] } } as Route["policies"];
    const after = buildHosts({ "alice.example.com": ["alice/a#0 /"] }, policies);
    const { hosts, blockedRemovals } = guard(before, after);
    assert.deepEqual(
      blockedRemovals.map(({ namespace, reason }) => [namespace, reason]),
      [["bob", "11 hosts would lose their last route; the limit is 10 per sync"]],
    );
    assert.deepEqual(hosts, [...after, ...before.slice(1)]);
  });

  test("Ingresses and HTTPRoutes of a namespace count together", () => {
    const before = buildHosts({
      "alice.example.com": ["alice/a#0 /a", "HTTPRoute alice/b#0.0 /b"],
      "bob.example.com": ["bob/a#0 /"],
    });
    const { blockedRemovals } = guard(before, before.slice(1));
    assert.deepEqual(
      blockedRemovals.map(({ namespace, reason }) => [namespace, reason]),
      [["alice", "2 of 3 routes of 1 Ingress and 1 HTTPRoute would be removed; the limit is 20 % per sync"]],
    );
  });

  test("A blocked namespace cannot keep its own remaining routes from getting a new guard", () => {
    const before = buildHosts({ "bob.example.com": ["bob/a#0 /a", "bob/b#0 /b", "bob/c#0 /"] });
    const policies = { ipAllow: { addresses: [] } } as Route["policies"];
    const after = buildHosts({ "bob.example.com": ["bob/c#0 /"] }, policies);
    const [host] = guard(before, after).hosts;
    assert.deepEqual(listRoutes(host ? [host] : []), [
      "bob.example.com/a bob/a#0",
      "bob.example.com/b bob/b#0",
      "bob.example.com/ bob/c#0",
    ]);
    assert.deepEqual(
      host?.routes.map((route) => route.policies),
      [{}, {}, policies],
    );
  });

  test("A blocked regex cannot come before a longer regex that follows it in order", () => {
    const before = buildHosts({
      "a.example.com": ["bob/a#0 ^/long/a", "bob/b#0 ^/long/b", "alice/a#0 ^/api", "bob/c#0 ^/b", "alice/a#1 ^/"],
    });
    const after = buildHosts({ "a.example.com": ["alice/a#0 ^/api", "alice/new#0 ^/ap", "alice/a#1 ^/"] });
    assert.deepEqual(listRoutes(guard(before, after).hosts), [
      "a.example.com^/long/a bob/a#0",
      "a.example.com^/long/b bob/b#0",
      "a.example.com^/api alice/a#0",
      "a.example.com^/ap alice/new#0",
      "a.example.com^/b bob/c#0",
      "a.example.com^/ alice/a#1",
    ]);
  });

  test("Blocked regexes cannot turn the paths of another namespace into regexes", () => {
    const before = buildHosts({ "a.example.com": ["bob/a#0 ^/x", "bob/b#0 ^/y", "alice/a#0 ^/"] });
    const after = buildHosts({ "a.example.com": ["alice/a#0 /"] });
    assert.deepEqual(guard(before, after).hosts, after);
  });

  test("Changes of another namespace cannot invalidate an approval", () => {
    const before = buildHosts({ "alice.example.com": ["alice/a#0 /", "alice/b#0 /b"], ...BOB_HOSTS });
    const after = buildHosts({ "alice.example.com": ["alice/a#0 /"] });
    const [removal] = guard(before, after).blockedRemovals;
    const otherAfter = buildHosts({ "alice.example.com": ["alice/new#0 /n"], "new.example.com": ["alice/new#1 /"] });
    const { hosts, blockedRemovals } = guard(before, otherAfter, removal?.id ?? assert.fail());
    assert.ok(blockedRemovals.every(({ namespace }) => namespace !== "bob"));
    assert.ok(hosts.every(({ host }) => !host.startsWith("bob")));
  });

  test("A deletion in many namespaces is blocked, even if each deletes only one Ingress", () => {
    const hosts = Array.from({ length: 10 }, (_, index) => [`h${index}.example.com`, [`team-${index}/a#0 /`]] as const);
    const before = buildHosts(Object.fromEntries(hosts));
    assert.deepEqual(
      guard(before, before.slice(4)).blockedRemovals.map(({ namespace, reason }) => `${namespace}: ${reason}`),
      [0, 1, 2, 3].map(
        (index) => `team-${index}: 4 of 10 routes of 4 namespaces would be removed; the limit is 20 % per sync`,
      ),
    );
    assert.deepEqual(guard(before, before.slice(2)).blockedRemovals, []);
    assert.deepEqual(guard(before.slice(0, 2), []).blockedRemovals[0]?.reason, "all 2 routes would be removed");
  });

  test("Whatever one tenant deletes, the publication of the other tenant's routes stays the same", () => {
    const pathArbitrary = fc.constantFrom("/", "/a", "/b", "/c");
    const tenantHosts = (namespace: string, prefix: string, minRoutes: number) =>
      fc
        .uniqueArray(fc.tuple(fc.nat({ max: 14 }), fc.nat({ max: 3 }), pathArbitrary), {
          minLength: minRoutes,
          maxLength: 30,
          selector: ([host, , path]) => `${host}${path}`,
        })
        .map((entries) =>
          Object.fromEntries(
            [...Map.groupBy(entries, ([host]) => `${prefix}-${host}.example.com`)].map(([host, routes]) => [
              host,
              routes.map(([index, ingress, path]) => `${namespace}/${ingress}#${index}${path} ${path}`),
            ]),
          ),
        );
    const alice = (minRoutes: number) => tenantHosts("alice", "a", minRoutes);
    const bob = tenantHosts("bob", "b", 0);
    const listAlice = (hosts: readonly HostRules[]) => hosts.filter(({ host }) => host.startsWith("a-"));
    fc.assert(
      fc.property(alice(0), alice(1), bob, bob, bob, (aliceBefore, aliceAfter, bobBefore, bobAfter, bobOther) => {
        const before = buildHosts({ ...aliceBefore, ...bobBefore });
        const publish = (bobHosts: typeof bobAfter) => guard(before, buildHosts({ ...aliceAfter, ...bobHosts }));
        const [first, second] = [publish(bobAfter), publish(bobOther)];
        assert.deepEqual(listAlice(first.hosts), listAlice(second.hosts));
        const listBlocked = ({ blockedRemovals }: typeof first) =>
          blockedRemovals.filter(({ namespace }) => namespace === "alice");
        assert.deepEqual(listBlocked(first), listBlocked(second));
      }),
      { numRuns: 300 },
    );
  });
});
