import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../../src/match/route-table.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { HostRules, PathMatch, Route } from "../../../src/rules/snapshot.ts";
import { withCandidateGuards } from "../../../sync/publish/rollout/candidate-guards.ts";

const GUARD: PolicySettings = { failClosed: { reason: "guard" } };
const NEWER_GUARD: PolicySettings = { failClosed: { reason: "newer" } };

function route(path: string, policies: PolicySettings = {}, backend = "shop/active:80"): Route {
  return { id: `shop/web#${path}`, path: parsePath(path), backend, policies };
}

/** "=/a" is exact, "~/a" a regex, and any other text a prefix. */
function parsePath(text: string): PathMatch {
  if (text.startsWith("=")) return { type: "exact", path: text.slice(1) };
  return text.startsWith("~") ? { type: "regex", pattern: text.slice(1) } : { type: "prefix", path: text };
}

function host(name: string, routes: readonly Route[], policies: PolicySettings = {}): HostRules {
  return { host: name, policies, routes: [...routes], backends: {} };
}

/** Returns each route as "path backend guard". */
function summarize(hosts: readonly HostRules[]): string[] {
  return hosts.flatMap(({ host: name, policies, routes }) =>
    routes.map(({ path, backend, policies: own }) => {
      const text = "pattern" in path ? path.pattern : path.path;
      return [name, text, backend, policies.failClosed?.reason, own.failClosed?.reason].filter(Boolean).join(" ");
    }),
  );
}

/** Merges the guards of routes of one host. */
function merge(active: readonly Route[], candidate: readonly Route[]): string[] {
  return summarize(withCandidateGuards([host("a.example.com", active)], [host("a.example.com", candidate)]));
}

test("A guard that the candidate adds or changes applies to the active route, which keeps its backend", () => {
  assert.deepEqual(merge([route("/")], [route("/", GUARD, "shop/candidate:80")]), [
    "a.example.com / shop/active:80 guard",
  ]);
  assert.deepEqual(merge([route("/", GUARD)], [route("/", NEWER_GUARD)]), ["a.example.com / shop/active:80 newer"]);
});

test("A guard that the candidate removes stays, and other policies come from the active rules", () => {
  const active = [host("a.example.com", [route("/", { ...GUARD, noBackend: { reason: "no Service" } })])];
  assert.equal(withCandidateGuards(active, [host("a.example.com", [route("/")])]), active);
});

test("A new path with a guard is guarded on the active side too, with the active backend", () => {
  const candidate = [route("/"), route("/admin", GUARD, "shop/candidate:80")];
  assert.deepEqual(merge([route("/")], candidate), [
    "a.example.com / shop/active:80",
    "a.example.com /admin shop/active:80 guard",
  ]);
  assert.deepEqual(merge([route("/shop")], candidate), ["a.example.com /shop shop/active:80"]);
});

test("A new path without a guard, below a path that gets one, stays open on the active side", () => {
  assert.deepEqual(merge([route("/")], [route("/", GUARD), route("/public", {}, "shop/candidate:80")]), [
    "a.example.com / shop/active:80 guard",
    "a.example.com /public shop/active:80",
  ]);
});

test("A new path without a guard, and a removed path, wait for the promotion", () => {
  assert.deepEqual(merge([route("/"), route("/old")], [route("/"), route("/new")]), [
    "a.example.com / shop/active:80",
    "a.example.com /old shop/active:80",
  ]);
});

test("A removed path gets the guard of the path that takes its requests", () => {
  assert.deepEqual(merge([route("/", GUARD), route("/public")], [route("/", GUARD)]), [
    "a.example.com / shop/active:80 guard",
    "a.example.com /public shop/active:80 guard",
  ]);
});

test("A guard of the host applies to the active host, and a removed host gets that of its wildcard", () => {
  const active = [host("a.example.com", [route("/")])];
  const candidate = [host("*.example.com", [route("/")], GUARD)];
  assert.deepEqual(summarize(withCandidateGuards(active, candidate)), ["a.example.com / shop/active:80 guard"]);
});

test("A new host with a guard takes its name from the wildcard on both sides", () => {
  const active = [host("*.example.com", [route("/")])];
  const candidate = [...active, host("admin.example.com", [route("/", GUARD, "shop/candidate:80")])];
  assert.deepEqual(summarize(withCandidateGuards(active, candidate)), [
    "*.example.com / shop/active:80",
    "admin.example.com / shop/active:80 guard",
  ]);
  const unserved = [host("b.example.org", [route("/")])];
  assert.equal(withCandidateGuards(unserved, candidate), unserved);
});

test("A host with other regexes comes from the candidate as a whole, if that one has guards", () => {
  const candidate = [route("~^/b", GUARD, "shop/candidate:80")];
  assert.deepEqual(merge([route("~^/a")], candidate), ["a.example.com ^/b shop/candidate:80 guard"]);
  assert.deepEqual(merge([route("~^/a")], [route("~^/b")]), ["a.example.com ^/a shop/active:80"]);
  assert.deepEqual(merge([route("~^/a")], [route("~^/a", GUARD)]), ["a.example.com ^/a shop/active:80 guard"]);
});

test("Backends that a guard names are added, and those of the active side stay", () => {
  const origin = (address: string) => ({ scheme: "http" as const, port: 80, addresses: [{ address, record: "r" }] });
  const active = { ...host("a.example.com", [route("/")]), backends: { "shop/active:80": origin("203.0.113.1") } };
  const candidate = {
    ...host("a.example.com", [route("/", { failClosed: { reason: "shop/auth:80" } })]),
    backends: {
      "shop/active:80": origin("203.0.113.2"),
      "shop/auth:80": origin("203.0.113.3"),
      "shop/x:80": origin("203.0.113.4"),
    },
  };
  const [merged] = withCandidateGuards([active], [candidate]);
  assert.deepEqual(merged?.backends, {
    "shop/auth:80": origin("203.0.113.3"),
    "shop/active:80": origin("203.0.113.1"),
  });
});

test("Whatever paths both sides have, a request that the candidate guards and the active side serves is guarded there", () => {
  const paths = ["/", "/a", "=/a/b"];
  const variants = [[], [{}], [GUARD]] as const;
  const sides = variants.flatMap((root) => variants.flatMap((deep) => variants.map((exact) => [root, deep, exact])));
  const build = (side: readonly (readonly PolicySettings[])[]) =>
    host(
      "a.example.com",
      side.flatMap((choice, index) => choice.map((policies) => route(paths[index] ?? "", policies))),
    );
  const isGuarded = (rules: HostRules, path: string) => {
    const result = findRoute(buildRouteTable(rules), path, PLAIN_REQUEST);
    return typeof result === "string" ? undefined : result.route.policies.failClosed !== undefined;
  };
  for (const [active, candidate] of sides.flatMap((left) =>
    sides.map((right) => [build(left), build(right)] as const),
  )) {
    const [merged = active] = withCandidateGuards([active], [candidate]);
    for (const path of ["/", "/a", "/a/b", "/a/c", "/x"]) {
      const before = isGuarded(active, path);
      const expected = before === undefined ? undefined : before || isGuarded(candidate, path) === true;
      assert.equal(isGuarded(merged, path), expected, JSON.stringify({ path, active, candidate }));
    }
  }
});

describe("guards of hosts with conditions", () => {
  const when = (route: Route, conditions: Route["when"]): Route => ({
    ...route,
    ...(conditions && { when: conditions }),
  });
  const post = (policies?: PolicySettings) => when(route("/", policies), { method: "POST" });
  const red = (policies?: PolicySettings) =>
    when(route("/", policies), { headers: [{ name: "x-color", value: "red" }] });

  test("A guard applies only to the route with the same conditions", () => {
    assert.deepEqual(merge([post(), red(), route("/")], [post(), red(GUARD), route("/")]), [
      "a.example.com / shop/active:80",
      "a.example.com / shop/active:80 guard",
      "a.example.com / shop/active:80",
    ]);
  });

  test("A host with other conditions, or another order of them, comes from the candidate as a whole", () => {
    const whole = ["a.example.com / shop/active:80 guard", "a.example.com / shop/active:80"];
    assert.deepEqual(merge([route("/")], [post(GUARD), route("/")]), whole);
    assert.deepEqual(merge([post(), red()], [red(GUARD), post()]), whole);
    const [first] = withCandidateGuards(
      [host("a.example.com", [post(), red()])],
      [host("a.example.com", [red(GUARD), post()])],
    );
    assert.deepEqual(
      first?.routes.map(({ when: conditions }) => conditions?.method),
      [undefined, "POST"],
    );
  });

  test("A guard of names with one more label does not apply to names with more", () => {
    const active = [host("**.example.com", [route("/")])];
    assert.deepEqual(summarize(withCandidateGuards(active, [host("*.example.com", [route("/")], GUARD)])), [
      "**.example.com / shop/active:80",
      "*.example.com / shop/active:80 guard",
    ]);
    assert.deepEqual(summarize(withCandidateGuards(active, [host("**.com", [route("/")], GUARD)])), [
      "**.example.com / shop/active:80 guard",
    ]);
  });
});
