import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { diffLists } from "../../sync/incremental/list-diff.ts";
import { updateWantedRecords } from "../../sync/publish/dns/wanted-records.ts";
import { diffHosts } from "../../sync/publish/guard/host-changes.ts";

describe("list differences", () => {
  const rows = [
    ["empty for equal lists", "abc", "abc", "", ""],
    ["the second list if the first is empty", "", "ab", "", "ab"],
    ["the first list if the second is empty", "ab", "", "ab", ""],
    ["an item that was inserted in the middle", "abd", "abcd", "", "c"],
    ["the items that were removed from both ends", "xaby", "ab", "xy", ""],
    ["the items that were replaced", "abcde", "aBcDe", "bd", "BD"],
    ["empty for items that were swapped", "abcd", "acbd", "", ""],
    ["empty for an item that moved to the end", "abcd", "acdb", "", ""],
    ["the added and removed items while others moved", "abcd", "dXba", "c", "X"],
  ] as const;
  for (const [result, before, after, removed, added] of rows) {
    test(`The difference of two lists is ${result}`, () => {
      assert.deepEqual(diffLists([...before], [...after]), { removed: [...removed], added: [...added] });
    });
  }

  test("The difference of two lists is what a lookup of each item finds", () => {
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

describe("changed hosts between two syncs", () => {
  const [a, b, c] = [buildHost("a.example.com"), buildHost("b.example.com"), buildHost("c.example.com")];

  test("A host has changed if its rules are another object, or if it is added or removed", () => {
    const otherB = buildHost("b.example.com");
    assert.deepEqual(diffHosts([a, b], [otherB, c]), [
      { before: a, after: undefined },
      { before: b, after: otherB },
      { before: undefined, after: c },
    ]);
  });

  test("Hosts need other records only if an address changes, or a host is added or removed", () => {
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
