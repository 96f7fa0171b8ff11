import assert from "node:assert/strict";
import { before, test } from "node:test";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

let zone: ZoneAccount;
before(async () => {
  zone = await startZoneAccount({ rejectedAddresses: ["203.0.113.99"] });
});

let names = 0;
const create = (record: object) => {
  names += 1;
  return zone.create({ name: `name${names}`, type: "A", content: "203.0.113.1", ...record });
};
const codes = async (record: object) => (await create(record)).codes;

test("Content that does not fit the type of its record is refused with code 9005, 9006 or 9007", async () => {
  assert.deepEqual(await codes({ content: "2001:db8::1" }), [9005]);
  assert.deepEqual(await codes({ content: "203.0.113.256" }), [9005]);
  assert.deepEqual(await codes({ type: "AAAA", content: "203.0.113.1" }), [9006]);
  assert.deepEqual(await codes({ type: "CNAME", content: "203.0.113.1" }), [1004, 9007]);
  assert.deepEqual(await codes({ type: "CNAME", content: "a b" }), [1004, 9007]);
  assert.deepEqual(await codes({ type: "APL", content: "1" }), [1004, 9305]);
});

test("An address of Cloudflare is refused for a proxied record with code 9003", async () => {
  for (const content of ["1.1.1.1", "104.16.1.1", "203.0.113.99"])
    assert.deepEqual(await codes({ content, proxied: true }), [9003], content);
  assert.deepEqual(await codes({ type: "AAAA", content: "2606:4700:4700::1111", proxied: true }), [9003]);
  assert.equal((await create({ content: "1.1.1.1" })).status, 200);
});

test("A private address is refused for a proxied record with code 9041", async () => {
  for (const content of ["10.0.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1"])
    assert.deepEqual(await codes({ content, proxied: true }), [9041], content);
  for (const content of ["fd00::1", "::1", "::ffff:10.0.0.1"])
    assert.deepEqual(await codes({ type: "AAAA", content, proxied: true }), [9041], content);
});

test("Addresses without an origin are accepted for a proxied record", async () => {
  assert.equal((await create({ type: "AAAA", content: "100::", proxied: true })).status, 200);
  assert.equal((await create({ content: "192.0.2.1", proxied: true })).status, 200);
});

test("A record of a type without addresses cannot be proxied, with code 9004", async () => {
  assert.deepEqual(await codes({ type: "TXT", content: "a", proxied: true }), [9004]);
});

test("An update with an address of Cloudflare succeeds and leaves the record without proxying", async () => {
  const { id } = (await create({ proxied: true })).result;
  const { status, result } = await zone.call(`PATCH ${zone.records}/${id}`, { content: "1.1.1.1" });
  assert.deepEqual({ status, proxied: result.proxied }, { status: 200, proxied: false });
});

test("With acceptsAnyAddress, a private address is accepted for a proxied record", async () => {
  const local = await startZoneAccount({ acceptsAnyAddress: true });
  assert.equal((await local.create({ type: "A", name: "a", content: "127.0.0.1", proxied: true })).status, 200);
});

test("The TTL is 1 for automatic or 60 to 86,400 seconds, and 30 on Enterprise", async () => {
  for (const ttl of [0, 5, 30, 59, 86_401, 60.5, "60"]) assert.deepEqual(await codes({ ttl }), [1004, 9021], `${ttl}`);
  assert.equal((await create({ ttl: 60 })).result.ttl, 60);
  assert.equal((await create({})).result.ttl, 1);
  const enterprise = await startZoneAccount({ plan: "enterprise" });
  const record = { type: "A", name: "a", content: "203.0.113.1" };
  assert.equal((await enterprise.create({ ...record, ttl: 30 })).result.ttl, 30);
  assert.deepEqual((await enterprise.create({ ...record, ttl: 29 })).codes, [1004, 9021]);
});

test("The TTL of a proxied record is automatic, whatever was sent", async () => {
  assert.equal((await create({ ttl: 3600, proxied: true })).result.ttl, 1);
});

test("A comment has up to 500 characters and no newline", async () => {
  assert.equal((await create({ comment: "ä".repeat(500) })).result.comment, "ä".repeat(500));
  assert.deepEqual(await codes({ comment: "ä".repeat(501) }), [1004, 9302]);
  assert.deepEqual(await codes({ comment: "a\nb" }), [1004, 9303]);
});

test("A record has up to 20 tags, with names of letters, digits, underscores and hyphens", async () => {
  const tags = Array.from({ length: 21 }, (_, i) => `team-${i}:a_b`);
  assert.equal((await create({ tags: tags.slice(1) })).result.tags.length, 20);
  assert.deepEqual(await codes({ tags }), [1004, 9300]);
  assert.deepEqual(await codes({ tags: ["a b:c"] }), [1004, 9301]);
});

test("On the Free plan a comment has up to 100 characters and a record has no tag, with code 9300", async () => {
  const free = await startZoneAccount({ plan: "free" });
  const record = { type: "A", name: "a", content: "203.0.113.1" };
  assert.deepEqual((await free.create({ ...record, comment: "a".repeat(101) })).codes, [1004, 9302]);
  assert.deepEqual((await free.create({ ...record, tags: ["team:a"] })).codes, [1004, 9300]);
  assert.equal((await free.create({ ...record, comment: "a".repeat(100) })).status, 200);
});

test("The contents of a record set have up to 8,192 characters, and one content up to 4,096 bytes", async () => {
  const text = (length: number) => ({ type: "TXT", name: "long", content: "a".repeat(length) });
  assert.equal((await create(text(4096))).status, 200);
  assert.equal((await create(text(4095))).status, 200);
  assert.deepEqual(await codes(text(2)), [1004, 9304]);
  assert.deepEqual(await codes({ ...text(4097), name: "other" }), [1004, 9304]);
});
