import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type HashKey, halfSipHash } from "../../src/rules/half-sip-hash.ts";
import { buildHostFilter, createHostFilter } from "../../src/rules/host-filter.ts";

const KEY: HashKey = [0x03020100, 0x07060504];

test("HalfSipHash has the reference implementation's results", () => {
  // https://github.com/veorq/SipHash/blob/master/vectors.h: the bytes 0, 1, 2 with the key 00 01 … 07.
  assert.deepEqual(
    ["", "\x00", "\x00\x01", "\x00\x01\x02"].map((text) => halfSipHash(KEY, text).toString(16)),
    ["5b9f35a9", "b85a4727", "3a662fa", "4e7fe8a"],
  );
});

test("A host filter contains every host that it was built from", () => {
  fc.assert(
    fc.property(fc.array(fc.domain(), { maxLength: 50 }), fc.tuple(fc.nat(), fc.nat()), (hosts, key) => {
      const filter = createHostFilter(buildHostFilter(hosts, key), key);
      assert.ok(hosts.every((host) => filter.mayContain(host)));
    }),
  );
});

test("A host filter of 10,000 hosts excludes 100,000 other names", () => {
  const hosts = Array.from({ length: 10_000 }, (_, index) => `host-${index}.example.com`);
  const bytes = buildHostFilter(hosts, KEY);
  assert.equal(bytes.length, 40_000);
  const filter = createHostFilter(bytes, KEY);
  const unknown = Array.from({ length: 100_000 }, (_, index) => `other-${index}.example.com`);
  assert.deepEqual(
    unknown.filter((host) => filter.mayContain(host)),
    [],
  );
});
