import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { PathMatch, RouteConditions, ValueCondition } from "../../src/rules/snapshot.ts";
import { findPosition, type RouteMatcher, type SampleRequest } from "../support/route-tables.ts";

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const segment = fc.constantFrom("a", "b", "ab", "A");
const path = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
const tail = fc.constantFrom("", "/.*", "(/|$)", "[ab]?", "|/b");
const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  path.map((text) => ({ type: "exact", path: text }) as const),
  path.map((text) => ({ type: "prefix", path: text }) as const),
  fc.tuple(path, tail).map(([text, end]) => ({ type: "full-regex", pattern: `^(?:${text}${end})$` }) as const),
  fc.tuple(path, tail).map(([text, end]) => ({ type: "regex", pattern: `^${text}${end}` }) as const),
);

const name = fc.constantFrom("x-a", "x-b");
const value = fc.constantFrom("1", "2", "12");
const condition: fc.Arbitrary<ValueCondition> = fc.oneof(
  fc.record({ name, value }),
  fc.record({ name, pattern: fc.constantFrom("^(?:1.*)$", "^(?:\\d)$") }),
);
const conditions: fc.Arbitrary<RouteConditions> = fc
  .record({
    scheme: optional(fc.constantFrom("http", "https")),
    method: optional(fc.constantFrom("GET", "POST")),
    headers: optional(fc.array(condition, { maxLength: 2 })),
    query: optional(fc.array(condition, { maxLength: 2 })),
  })
  .map((when) => Object.fromEntries(Object.entries(when).filter(([, part]) => part !== undefined)));
const route: fc.Arbitrary<RouteMatcher> = fc
  .record({ path: pathMatch, when: optional(conditions) })
  .map(({ path: match, when }) => ({ path: match, ...(when && { when }) }));
const request = fc.record({
  scheme: fc.constantFrom("http", "https"),
  method: fc.constantFrom("GET", "POST", "HEAD"),
  query: fc.constantFrom("", "?x-a=1", "?x-a=2&x-b=12", "?x-b=1&x-a=12"),
  headers: fc.dictionary(name, value, { maxKeys: 2 }),
});

// A second implementation, written from the format's documentation: the first route of the list that matches.

function walk(routes: readonly RouteMatcher[], requestPath: string, sample: SampleRequest): number | "no-match" {
  const position = routes.findIndex(
    (entry) => acceptsPath(entry.path, requestPath) && acceptsRequest(entry.when ?? {}, sample),
  );
  return position === -1 ? "no-match" : position;
}

function acceptsPath(match: PathMatch, requestPath: string): boolean {
  if (match.type === "exact") return match.path === requestPath;
  if (match.type !== "prefix") return new RegExp(match.pattern, match.type === "regex" ? "i" : "").test(requestPath);
  const [prefix, elements] = [match.path, requestPath].map((text) => text.split("/").filter((part) => part !== ""));
  return prefix?.every((part, index) => part === elements?.[index]) ?? false;
}

function acceptsRequest(when: RouteConditions, { scheme, method, headers = {}, query }: SampleRequest): boolean {
  const parameters = new URLSearchParams(query);
  const accepts = (wanted: ValueCondition, actual: string | null | undefined) =>
    typeof actual === "string" &&
    ("pattern" in wanted ? new RegExp(wanted.pattern).test(actual) : wanted.value === actual);
  return (
    (when.scheme ?? scheme) === scheme &&
    (when.method ?? method) === method &&
    (when.headers ?? []).every((wanted) => accepts(wanted, headers[wanted.name])) &&
    (when.query ?? []).every((wanted) => accepts(wanted, parameters.get(wanted.name)))
  );
}

describe("table of a host with conditions", () => {
  for (const maxLength of [6, 60])
    test(`Up to ${maxLength} routes in any order answer like a walk over the list`, () => {
      // A condition in the list makes its order count.
      const first = route.map((entry) => ({ ...entry, when: entry.when ?? { method: "GET" } }));
      const routes = fc.tuple(first, fc.array(route, { maxLength })).map(([head, rest]) => [...rest, head]);
      fc.assert(
        fc.property(routes, path, request, (list, requestPath, sample) => {
          assert.equal(findPosition(list, requestPath, sample), walk(list, requestPath, sample));
        }),
        { numRuns: 4000 },
      );
    });

  test("Regexes beside other paths match in their order, with case only if they ignore none", () => {
    const routes: RouteMatcher[] = [
      { path: { type: "regex", pattern: "^/old" } },
      { path: { type: "full-regex", pattern: "^(?:/new/[a-z]+)$" } },
      { path: { type: "prefix", path: "/" } },
    ];
    const cases = [
      ["/OLD/x", 0],
      ["/new/a", 1],
      ["/new/A", 2],
      ["/new/a/b", 2],
    ] as const;
    for (const [requestPath, position] of cases) assert.equal(findPosition(routes, requestPath), position, requestPath);
  });
});
