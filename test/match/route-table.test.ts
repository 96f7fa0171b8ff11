import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PLAIN_REQUEST } from "../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import { normalizeHost } from "../../src/rules/hosts.ts";
import { normalizePath } from "../../src/rules/paths.ts";
import type { HostRules, PathMatch } from "../../src/rules/snapshot.ts";
import { escapeRegex } from "../../sync/compile/hosts/regex.ts";
import { buildLiteralPathRegex, scopeRegex } from "../../sync/compile/hosts/regex-scope.ts";

function buildRules(paths: readonly PathMatch[]): HostRules {
  const routes = paths.map((path, index) => ({ id: `default/i#0.${index}`, path, policies: {} }));
  return { host: "a.example.com", policies: {}, routes, backends: {} };
}

function findPosition(paths: readonly PathMatch[], path: string): number | undefined {
  const match = findRoute(buildRouteTable(buildRules(paths)), path, PLAIN_REQUEST);
  return typeof match === "string" ? undefined : match.position;
}

const segment = fc.constantFrom("a", "b", "ab", "aB", "c.d", "\xe9", "a-1", "|", "(");
const requestPath = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
const END = fc.constantFrom(
  "",
  "(/|$)(.*)",
  "(?:/|$)",
  "?",
  "*",
  "+",
  "{0,2}",
  "|/b",
  "[b/]",
  "\\.",
  "(a|b)?",
  "$",
  ".",
  "\\d",
);
const regexPattern = fc.tuple(requestPath, END, END, fc.boolean()).map(([path, end, secondEnd, isLimited]) => {
  const pattern = `^${escapeRegex(path)}${end}${end === "" ? secondEnd : ""}`;
  return isLimited ? scopeRegex(pattern, ["/a", "/b.c"]) : pattern;
});
const literalPattern = fc
  .tuple(requestPath, fc.constantFrom("exact", "prefix"))
  .map(([path, type]) => buildLiteralPathRegex({ path: path.replaceAll("\xe9", "e"), type } as const, new Set()));
const regexPath = fc
  .oneof(regexPattern, literalPattern, fc.constant("^"))
  .map((pattern) => ({ type: "regex", pattern }) as const);

describe("route table", () => {
  test("A long list of regexes matches like the plain list in its order", () => {
    fc.assert(
      fc.property(fc.array(regexPath, { minLength: 17, maxLength: 60 }), requestPath, (paths, path) => {
        const position = paths.findIndex(({ pattern }) => new RegExp(pattern, "i").test(path));
        assert.equal(findPosition(paths, path), position === -1 ? undefined : position);
      }),
      { numRuns: 3000 },
    );
  });

  test("Any number of prefixes matches like a simple search of the longest one", () => {
    const prefix = requestPath.map((path) => ({ type: "prefix", path: path.replaceAll("\xe9", "é") }) as const);
    const paths = fc.uniqueArray(prefix, { selector: ({ path }) => path, maxLength: 60 });
    const elements = (text: string) => text.split("/").filter((element) => element !== "");
    fc.assert(
      fc.property(paths, requestPath, (prefixes, path) => {
        const bytes = path.replaceAll("\xe9", "\xc3\xa9");
        const matches = prefixes.filter((one) =>
          elements(one.path.replaceAll("é", "\xc3\xa9")).every((element, index) => element === elements(bytes)[index]),
        );
        const depth = Math.max(...matches.map((one) => elements(one.path).length));
        const longest = matches.filter((one) => elements(one.path).length === depth);
        const isWholePath = depth === elements(bytes).length && !bytes.endsWith("/");
        const [preferred = longest[0]] = longest.filter((one) => one.path.endsWith("/") !== isWholePath);
        assert.equal(findPosition(prefixes, bytes), preferred && prefixes.indexOf(preferred));
      }),
      { numRuns: 3000 },
    );
  });

  test("A prefix of 70,000 characters matches", () => {
    const path = `/${"a".repeat(70_000)}`;
    assert.equal(
      findPosition(
        [
          { type: "prefix", path: "/" },
          { type: "prefix", path },
        ],
        `${path}/x`,
      ),
      1,
    );
    assert.equal(
      findPosition(
        [
          { type: "prefix", path: "/" },
          { type: "prefix", path },
        ],
        `${path}x`,
      ),
      0,
    );
  });

  test("A match has the groups of its regex, although the list has an index", () => {
    const paths = Array.from(
      { length: 100 },
      (_, index) => ({ type: "regex", pattern: `^/app-${index}(/|$)(.*)` }) as const,
    );
    const match = findRoute(buildRouteTable(buildRules(paths)), "/APP-42/users", PLAIN_REQUEST);
    assert.ok(typeof match !== "string");
    assert.deepEqual([match.position, ...match.groups], [42, "/APP-42/users", "/", "users"]);
  });

  for (const otherRoutes of [0, 100])
    test(`A path over the limit of a quadratic regex is too long unless an earlier of ${otherRoutes + 3} routes matches`, () => {
      const others = Array.from({ length: otherRoutes }, (_, index) => `^/app-${index}/`);
      const table = buildRouteTable(
        buildRules([
          { type: "regex", pattern: "^/early" },
          { type: "regex", pattern: "^/(a+)(a+)x$", maxBytes: 1024 },
          ...["^/late", ...others].map((pattern) => ({ type: "regex", pattern }) as const),
        ]),
      );
      const find = (path: string) => {
        const match = findRoute(table, path, PLAIN_REQUEST);
        return typeof match === "string" ? match : match.position;
      };
      assert.equal(find(`/${"a".repeat(1022)}x`), 1); // 1,024 bytes
      assert.equal(find(`/${"a".repeat(1023)}x`), "path-too-long");
      assert.equal(find(`/early${"a".repeat(1023)}`), 0);
      assert.equal(find(`/late${"a".repeat(1023)}`), "path-too-long"); // the second regex may match it
      assert.equal(find(`/early${"a".repeat(4091)}`), "path-too-long");
    });
});

describe("normalization", () => {
  const hosts = [
    ["Shop.Example.com.:8080", "shop.example.com"],
    ["shop.example.com.", "shop.example.com"],
    ["shop.example.com:", "shop.example.com"],
    ["[::1]:8080", "[::1]"],
    ["", ""],
    ["\xc9.example.com", "\xe9.example.com"],
  ] as const;
  for (const [header, host] of hosts) {
    test(`The host ${JSON.stringify(header)} is ${JSON.stringify(host)}`, () =>
      assert.equal(normalizeHost(header), host));
  }

  const paths = [
    ["", "/"],
    ["/a/.well-known", "/a/.well-known"],
    ["/a/.", "/a/"],
    ["/a/..", "/"],
    ["/a//b", "/a/b"],
    ["/a%20b", "/a b"],
    ["/a\x7fb", "/a\x7fb"],
    ["/%zz", undefined],
  ] as const;
  for (const [raw, path] of paths) {
    test(`The path ${JSON.stringify(raw)} is ${JSON.stringify(path)}`, () => assert.equal(normalizePath(raw), path));
  }
});
