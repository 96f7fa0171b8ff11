import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { diffLists } from "../../sync/incremental/list-diff.ts";
import { updateWantedRecords } from "../../sync/publish/dns/wanted-records.ts";
import { diffHosts } from "../../sync/publish/guard/host-changes.ts";

describe("what is in only one of two lists", () => {
  const rows = [
    ["nothing where both are the same", "abc", "abc", "", ""],
    ["all where one is empty", "", "ab", "", "ab"],
    ["all where the other is", "ab", "", "ab", ""],
    ["what was put in the middle", "abd", "abcd", "", "c"],
    ["what was taken from the start and the end", "xaby", "ab", "xy", ""],
    ["what is another at its place", "abcde", "aBcDe", "bd", "BD"],
    ["nothing of what only changed its place", "abcd", "acbd", "", ""],
    ["nothing of what moved to the end", "abcd", "acdb", "", ""],
    ["what came and went while others moved", "abcd", "dXba", "c", "X"],
  ] as const;
  for (const [what, before, after, removed, added] of rows) {
    test(`is ${what}`, () => {
      assert.deepEqual(diffLists([...before], [...after]), { removed: [...removed], added: [...added] });
    });
  }

  test("is what looking up each item in the other finds", () => {
    const list = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(list, list, (before, after) => {
        assert.deepEqual(diffLists(before, after), {
          removed: before.filter((item) => !after.includes(item)),
          added: after.filter((item) => !before.includes(item)),
        });
      }),
    );
  });
});

function buildHost(name: string, ...addresses: readonly string[]): HostRules {
  const backends = {
    "default/web:80": { addresses: addresses.map((address) => ({ address, record: `of-${address}` })) },
  };
  return { host: name, policies: {}, routes: [], backends } as unknown as HostRules; // as far as it matters here
}

describe("hosts from round to round", () => {
  const [a, b, c] = [buildHost("a.example.com"), buildHost("b.example.com"), buildHost("c.example.com")];

  test("have changed where their rules are another object, come or go", () => {
    const otherB = buildHost("b.example.com");
    assert.deepEqual(diffHosts([a, b], [otherB, c]), [
      { before: a, after: undefined },
      { before: b, after: otherB },
      { before: undefined, after: c },
    ]);
  });

  test("are reached through the same records until one is reached at another address, comes or goes", () => {
    const zones = ["example.com"];
    const firstRecords = updateWantedRecords(undefined, { zones, hosts: [buildHost("a.example.com", "203.0.113.1")] });
    const hosts = [buildHost("a.example.com", "203.0.113.1")];
    const sameRecords = updateWantedRecords(firstRecords, { zones: [...zones], hosts });
    assert.equal(sameRecords.records, firstRecords.records);
    const listContents = (...hostRules: readonly HostRules[]) =>
      updateWantedRecords(sameRecords, { zones, hosts: hostRules })
        .records.get("example.com")
        ?.map(({ content }) => content);
    assert.deepEqual(listContents(buildHost("a.example.com", "203.0.113.2")), ["203.0.113.2"]);
    assert.deepEqual(listContents(...hosts, buildHost("b.example.com", "203.0.113.3")), ["203.0.113.1", "203.0.113.3"]);
    assert.deepEqual(listContents(), []);
    assert.deepEqual(
      [...updateWantedRecords(sameRecords, { zones: ["example.org"], hosts }).records.keys()],
      ["example.org"],
    );
  });
});
