import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RouteConditions } from "../../src/rules/snapshot.ts";
import { findPosition, type SampleRequest } from "../support/route-tables.ts";

const ROOT = { type: "prefix", path: "/" } as const;

/** Returns whether a request matches a route with these conditions. */
function holds(when: RouteConditions, request: SampleRequest): boolean {
  return findPosition([{ path: ROOT, when }], "/", request) === 0;
}

describe("conditions of a route", () => {
  const header = (value: string): RouteConditions => ({ headers: [{ name: "x-color", value }] });
  const query = (name: string, value: string): RouteConditions => ({ query: [{ name, value }] });
  const cases: readonly (readonly [title: string, RouteConditions, SampleRequest, boolean])[] = [
    ["The scheme of the request", { scheme: "https" }, { scheme: "https" }, true],
    ["Another scheme", { scheme: "https" }, { scheme: "http" }, false],
    ["The method of the request", { method: "POST" }, { method: "POST" }, true],
    ["A HEAD for a route with GET", { method: "GET" }, { method: "HEAD" }, false],
    ["The value of a header", header("red"), { headers: { "x-color": "red" } }, true],
    ["A header in another case", header("red"), { headers: { "x-color": "Red" } }, false],
    ["A header that is longer", header("red"), { headers: { "x-color": "red, blue" } }, false],
    ["An absent header", header(""), {}, false],
    ["An empty header", header(""), { headers: { "x-color": "" } }, true],
    ["A header with the name of a property", { headers: [{ name: "constructor", value: "a" }] }, {}, false],
    ["A header beyond ASCII", header("é"), { headers: { "x-color": "é" } }, true],
    ["The host as a header", { headers: [{ name: "host", value: "b.test:81" }] }, { host: "b.test:81" }, true],
    ["The value of a parameter", query("a", "1"), { query: "?b=2&a=1" }, true],
    ["A parameter in another case", query("a", "x"), { query: "?A=x&a=X" }, false],
    ["The first value of a repeated parameter", query("a", "1"), { query: "?a=1&a=2" }, true],
    ["The second value of a repeated parameter", query("a", "2"), { query: "?a=1&a=2" }, false],
    ["A parameter without a value", query("a", ""), { query: "?a" }, true],
    ["An absent parameter", query("a", ""), { query: "?b" }, false],
    ["A value with equals signs", query("a", "b=c="), { query: "?a=b=c=" }, true],
    ["An escaped value", query("a", "b c&d+é"), { query: "?a=b+c%26d%2B%c3%A9" }, true],
    ["An escaped name", query("a b", "1"), { query: "?a%20b=1" }, true],
    ["A broken escape", query("a", "%zz%"), { query: "?a=%zz%" }, true],
    ["A parameter with the name of a property", query("__proto__", "1"), { query: "?__proto__=1" }, true],
    ["An absent parameter with the name of a property", query("toString", ""), { query: "?a" }, false],
    ["All conditions but one", { method: "GET", ...query("a", "1"), ...header("red") }, { query: "?a=1" }, false],
    [
      "All conditions",
      { scheme: "http", method: "GET", ...query("a", "1"), ...header("red") },
      { query: "?a=1", headers: { "x-color": "red" } },
      true,
    ],
  ];
  for (const [title, when, request, expected] of cases)
    test(`${title} ${expected ? "matches" : "does not match"}`, () => assert.equal(holds(when, request), expected));

  test("A regex matches a header and a parameter with case", () => {
    const when: RouteConditions = {
      headers: [{ name: "x-color", pattern: "^(?:red|b.*)$" }],
      query: [{ name: "a", pattern: "^(?:\\d+)$" }],
    };
    assert.equal(holds(when, { headers: { "x-color": "blue" }, query: "?a=12" }), true);
    assert.equal(holds(when, { headers: { "x-color": "Blue" }, query: "?a=12" }), false);
    assert.equal(holds(when, { headers: { "x-color": "blue" }, query: "?a=12x" }), false);
    assert.equal(holds(when, { headers: { "x-color": "blue" } }), false);
  });
});

describe("values that are too long for a regex", () => {
  const pattern: RouteConditions = { headers: [{ name: "x-id", pattern: "^(?:a+)$", maxBytes: 1024 }] };
  const guarded = { path: ROOT, when: pattern };
  const open = { path: ROOT, when: { method: "GET" } };
  const long: SampleRequest = { headers: { "x-id": "a".repeat(1025) } };

  test("A header over the limit rejects the request, because the next route may lack a guard", () => {
    assert.equal(findPosition([guarded, open], "/", { headers: { "x-id": "a".repeat(1024) } }), 0);
    assert.equal(findPosition([guarded, open], "/", long), "header-too-long");
  });

  test("A header over the limit has no effect if an earlier route matches, or another condition or the path does not", () => {
    assert.equal(findPosition([open, guarded], "/", long), 0);
    assert.equal(findPosition([{ path: ROOT, when: { ...pattern, scheme: "https" } }, open], "/", long), 1);
    assert.equal(findPosition([{ path: { type: "exact", path: "/b" }, when: pattern }, open], "/", long), 1);
    const late = { ...pattern, query: [{ name: "a", pattern: "^(?:b)$" }] };
    assert.equal(findPosition([{ path: ROOT, when: late }, open], "/", { ...long, query: "?a=c" }), 1);
    assert.equal(findPosition([{ path: ROOT, when: late }, open], "/", { ...long, query: "?a=b" }), "header-too-long");
  });

  test("A parameter of 4,096 bytes is matched, and a longer one rejects the request", () => {
    const when: RouteConditions = { query: [{ name: "a", pattern: "^(?:.*)$" }] };
    assert.equal(findPosition([{ path: ROOT, when }, open], "/", { query: `?a=${"b".repeat(4096)}` }), 0);
    assert.equal(
      findPosition([{ path: ROOT, when }, open], "/", { query: `?a=${"b".repeat(4097)}` }),
      "query-too-long",
    );
  });

  test("A path over the limit rejects the request if it starts like the regex and the conditions hold", () => {
    const regex = { type: "full-regex", pattern: "^(?:/shop/[a-z]+)$", maxBytes: 1024 } as const;
    const path = `/shop/${"a".repeat(1024)}`;
    assert.equal(findPosition([{ path: regex }, { path: ROOT }], path), "path-too-long");
    assert.equal(findPosition([{ path: regex, when: { method: "PUT" } }, { path: ROOT }], path), 1);
    assert.equal(findPosition([{ path: regex }, { path: ROOT }], `/blog/${"a".repeat(1024)}`), 1);
  });
});
