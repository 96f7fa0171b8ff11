import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

let zone: ZoneAccount;
before(async () => {
  zone = await startZoneAccount();
});
beforeEach(async () => {
  for (const { id } of zone.account.records("example.com")) await zone.call(`DELETE ${zone.records}/${id}`);
});

const A = { type: "A", name: "app", content: "203.0.113.1" };
const listed = () => zone.account.records("example.com").map(({ type, content }) => `${type} ${content}`);

test("A record is created, read, patched, put and deleted by its id", async () => {
  const { id } = (await zone.create({ ...A, proxied: true, comment: "ours" })).result;
  const read = async () => {
    const { type, name, content, proxied, ttl, comment } = (await zone.call(`GET ${zone.records}/${id}`)).result;
    return { type, name, content, proxied, ttl, comment };
  };
  const created = { ...A, name: "app.example.com", proxied: true, ttl: 1, comment: "ours" };
  assert.deepEqual(await read(), created);
  await zone.call(`PATCH ${zone.records}/${id}`, { content: "203.0.113.2" });
  assert.deepEqual(await read(), { ...created, content: "203.0.113.2" });
  await zone.call(`PUT ${zone.records}/${id}`, A);
  assert.deepEqual(await read(), { ...created, proxied: false, comment: null });
  assert.deepEqual((await zone.call(`DELETE ${zone.records}/${id}`)).result, { id });
  assert.deepEqual((await zone.call(`GET ${zone.records}/${id}`)).codes, [81044]);
});

test("Every call for a deleted record is refused with code 81044", async () => {
  const path = `${zone.records}/${"0".repeat(32)}`;
  for (const method of ["GET", "PATCH", "PUT", "DELETE"])
    assert.deepEqual((await zone.call(`${method} ${path}`, method === "GET" ? undefined : A)).codes, [81044]);
});

test("An answer has no zone id and no zone name", async () => {
  const { result } = await zone.create(A);
  assert.deepEqual(
    Object.keys(result).filter((field) => field.startsWith("zone")),
    [],
  );
});

test("A and AAAA records beside a CNAME are refused with code 81054", async () => {
  await zone.create({ type: "CNAME", name: "app", content: "lb.example.org" });
  assert.deepEqual((await zone.create(A)).codes, [81054]);
  assert.deepEqual(
    (await zone.create({ type: "AAAA", name: "APP.example.com", content: "2001:db8::1" })).codes,
    [81054],
  );
});

test("A CNAME beside an A, AAAA or CNAME record is refused with code 81053", async () => {
  await zone.create(A);
  assert.deepEqual((await zone.create({ type: "CNAME", name: "app", content: "lb.example.org" })).codes, [81053]);
  await zone.create({ type: "CNAME", name: "www", content: "lb.example.org" });
  assert.deepEqual((await zone.create({ type: "CNAME", name: "www", content: "b.example.org" })).codes, [81053]);
});

test("An identical record is refused with code 81058, and one with other settings with code 81057", async () => {
  await zone.create(A);
  assert.deepEqual((await zone.create(A)).codes, [81058]);
  assert.deepEqual((await zone.create({ ...A, name: "APP.example.com." })).codes, [81058]);
  assert.deepEqual((await zone.create({ ...A, proxied: true })).codes, [81057]);
  assert.equal((await zone.create({ ...A, content: "203.0.113.2" })).status, 200);
});

test("An NS record shares its name with no other type", async () => {
  await zone.create({ type: "NS", name: "sub", content: "ns1.example.org" });
  assert.deepEqual((await zone.create({ type: "TXT", name: "sub", content: "a" })).codes, [81056]);
  assert.equal((await zone.create({ type: "NS", name: "sub", content: "ns2.example.org" })).status, 200);
});

test("A CNAME is allowed at the apex, and beside a TXT record", async () => {
  assert.equal((await zone.create({ type: "CNAME", name: "@", content: "lb.example.org" })).status, 200);
  assert.equal((await zone.create({ type: "TXT", name: "@", content: "v=spf1 -all" })).status, 200);
});

test("A patch may change the type of a record, because it replaces the record in one change", async () => {
  const { id } = (await zone.create(A)).result;
  await zone.call(`PATCH ${zone.records}/${id}`, { type: "CNAME", content: "lb.example.org" });
  assert.deepEqual(listed(), ["CNAME lb.example.org"]);
});

test("The next call may still see a deleted record: a change of type in two calls is refused, in one batch not", async () => {
  const slow = await startZoneAccount({ unseenDeletions: 1 });
  const cname = { type: "CNAME", name: "app", content: "lb.example.org" };
  const remove = async () => slow.call(`DELETE ${slow.records}/${slow.account.records("example.com")[0]?.id}`);
  await slow.create(cname);
  await remove();
  assert.deepEqual((await slow.create(A)).codes, [81054]);
  assert.equal((await slow.create(A)).status, 200);
  const deletes = [{ id: slow.account.records("example.com")[0]?.id }];
  assert.equal((await slow.call(`POST ${slow.records}/batch`, { deletes, posts: [cname] })).status, 200);
});
