import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compareText } from "../src/rules/order.ts";
import type { HostRules } from "../src/rules/snapshot.ts";
import { NOTHING_SORTED, sortedAfter } from "../sync/compile/sorted.ts";
import { differences } from "../sync/differences.ts";
import { hostChanges } from "../sync/publish/host-changes.ts";
import { recordsAfter } from "../sync/publish/records.ts";

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
  for (const [what, before, after, gone, fresh] of rows) {
    test(`is ${what}`, () => {
      assert.deepEqual(differences([...before], [...after]), { gone: [...gone], fresh: [...fresh] });
    });
  }

  test("is what looking up each item in the other finds", () => {
    const list = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(list, list, (before, after) => {
        assert.deepEqual(differences(before, after), {
          gone: before.filter((item) => !after.includes(item)),
          fresh: after.filter((item) => !before.includes(item)),
        });
      }),
    );
  });
});

describe("a list that is sorted after another", () => {
  test("is in order, whatever comes and goes", () => {
    const list = fc.uniqueArray(fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(list), (rounds) => {
        let last = sortedAfter<string>(NOTHING_SORTED, [], compareText);
        for (const items of rounds) {
          last = sortedAfter(last, items, compareText);
          assert.deepEqual(last, { items, sorted: items.toSorted(compareText) });
        }
      }),
    );
  });

  test("is the same array where nothing came or went, in whatever order", () => {
    const before = sortedAfter(NOTHING_SORTED, ["b", "a"], compareText);
    assert.deepEqual(before.sorted, ["a", "b"]);
    assert.equal(sortedAfter(before, ["a", "b"], compareText).sorted, before.sorted);
  });
});

function host(name: string, ...addresses: readonly string[]): HostRules {
  const backends = {
    "default/web:80": { addresses: addresses.map((address) => ({ address, record: `of-${address}` })) },
  };
  return { host: name, policies: {}, routes: [], backends } as unknown as HostRules; // as far as it matters here
}

describe("hosts from round to round", () => {
  const [a, b, c] = [host("a.example.com"), host("b.example.com"), host("c.example.com")];

  test("have changed where their rules are another object, come or go", () => {
    const other = host("b.example.com");
    assert.deepEqual(hostChanges([a, b], [other, c]), [
      { before: a, after: undefined },
      { before: b, after: other },
      { before: undefined, after: c },
    ]);
  });

  test("are reached through the same records until one is reached at another address, comes or goes", () => {
    const zones = ["example.com"];
    const first = recordsAfter(undefined, { zones, hosts: [host("a.example.com", "203.0.113.1")] });
    const hosts = [host("a.example.com", "203.0.113.1")];
    const same = recordsAfter(first, { zones: [...zones], hosts });
    assert.equal(same.records, first.records);
    const namesAfter = (...next: readonly HostRules[]) =>
      recordsAfter(same, { zones, hosts: next })
        .records.get("example.com")
        ?.map(({ content }) => content);
    assert.deepEqual(namesAfter(host("a.example.com", "203.0.113.2")), ["203.0.113.2"]);
    assert.deepEqual(namesAfter(...hosts, host("b.example.com", "203.0.113.3")), ["203.0.113.1", "203.0.113.3"]);
    assert.deepEqual(namesAfter(), []);
    assert.deepEqual([...recordsAfter(same, { zones: ["example.org"], hosts }).records.keys()], ["example.org"]);
  });
});
