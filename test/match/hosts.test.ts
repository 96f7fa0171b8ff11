import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { matchHost } from "../../src/match/match-host.ts";
import { findZone, listHostCandidates } from "../../src/rules/hosts.ts";
import { createMatcher } from "../../sync/library/match.ts";
import { buildOrderedHost } from "../support/route-tables.ts";

describe("host names with any number of labels", () => {
  test("The names of rules for a host begin with the most specific one", () => {
    assert.deepEqual(listHostCandidates("a.b.example.com"), [
      "a.b.example.com",
      "*.b.example.com",
      "**.b.example.com",
      "**.example.com",
      "**.com",
      "*",
    ]);
    assert.deepEqual(listHostCandidates("a.b.example.com", 2), [
      "a.b.example.com",
      "*.b.example.com",
      "**.example.com",
      "**.com",
      "*",
    ]);
    assert.deepEqual(listHostCandidates("a.example.com", 0), ["a.example.com", "*.example.com", "*"]);
    assert.deepEqual(listHostCandidates("localhost"), ["localhost", "*"]);
    assert.deepEqual(listHostCandidates("203.0.113.1"), ["203.0.113.1", "*"]);
  });

  const names = ["a.example.com", "*.example.com", "**.example.com", "**.deep.example.com", "**.example.org"];
  const hosts = new Map(names.map((name) => [name, { name }]));
  const cases = [
    ["a.example.com", "a.example.com"],
    ["b.example.com", "*.example.com"],
    ["b.a.example.com", "**.example.com"],
    ["x.deep.example.com", "**.deep.example.com"],
    ["x.y.deep.example.com", "**.deep.example.com"],
    ["deep.example.com", "*.example.com"],
    ["example.com", undefined],
    ["a.b.c.example.org", "**.example.org"],
    ["example.org", undefined],
    [".example.org", undefined],
  ] as const;
  for (const [host, name] of cases)
    test(`The host ${host} has the rules of ${name ?? "no name"}`, () =>
      assert.equal(matchHost(hosts, host)?.name, name));

  test("A host of 65,000 labels is looked up in less than 50 ms", () => {
    const startedAt = process.cpuUsage();
    assert.equal(matchHost(hosts, `${"a.".repeat(65_000)}example.org`)?.name, "**.example.org");
    assert.ok(process.cpuUsage(startedAt).user < 50_000);
  });

  test("A wildcard of any number of labels is in the zone of its name", () => {
    assert.equal(findZone("**.example.com", ["com", "example.com"]), "example.com");
    assert.equal(findZone("**.shop.example.com", ["example.com"]), "example.com");
  });

  test("The matcher of the library reads scheme, method, headers and query", () => {
    const match = createMatcher([
      {
        ...buildOrderedHost([
          {
            path: { type: "prefix", path: "/" },
            when: {
              scheme: "http",
              method: "POST",
              headers: [{ name: "x-color", value: "red" }],
              query: [{ name: "a", value: "1" }],
            },
          },
          { path: { type: "prefix", path: "/" }, when: { scheme: "https", method: "GET" } },
        ]),
        host: "**.example.com",
      },
    ]);
    const headers = new Headers({ "X-Color": "red" });
    const found = match("A.b.example.com:80", "/x", { scheme: "http", method: "POST", headers, query: "a=1" });
    assert.deepEqual([found?.host, found?.route.id], ["**.example.com", "default/i#0.0"]);
    assert.equal(match("a.b.example.com", "/x")?.route.id, "default/i#0.1");
    assert.equal(match("a.b.example.com", "/x", { scheme: "http" }), undefined);
  });
});
