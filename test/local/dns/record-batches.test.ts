import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import type { LocalRecord } from "../../../sync/local/account/dns/record-model.ts";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

const record = (i: number) => ({ type: "A", name: `host${i}.example.com`, content: "203.0.113.1" });
const manyRecords = (count: number) => Array.from({ length: count }, (_, i) => record(i));
const names = (records: readonly LocalRecord[]) => records.map(({ name }) => name.replace(".example.com", ""));

describe("a zone with a paid plan", () => {
  let zone: ZoneAccount;
  const batch = (body: object) => zone.call(`POST ${zone.records}/batch`, body);
  const records = () => zone.account.records("example.com");
  const idOf = (i: number) => records().find(({ name }) => name === record(i).name)?.id ?? "";

  before(async () => {
    zone = await startZoneAccount();
  });
  beforeEach(async () => {
    await batch({ deletes: records().map(({ id }) => ({ id })) });
  });

  test("A batch runs deletes, patches, puts and posts in this order", async () => {
    await batch({ posts: [record(0), record(1), record(2)] });
    const [first, second, third] = [idOf(0), idOf(1), idOf(2)];
    const { status, result } = await batch({
      posts: [record(1)], // the name is free because the patch renamed its record
      puts: [{ id: third, ...record(3) }],
      patches: [{ id: second, name: "host0" }], // the name is free because the delete came first
      deletes: [{ id: first }],
    });
    assert.equal(status, 200);
    assert.deepEqual(
      Object.entries(result).map(([kind, list]) => `${kind} ${names(list as LocalRecord[])}`),
      ["deletes host0", "patches host0", "puts host3", "posts host1"],
    );
  });

  test("A put resets the fields that it does not name, and a patch keeps them", async () => {
    await batch({ posts: [0, 1].map((i) => ({ ...record(i), proxied: true, comment: "ours" })) });
    await batch({ patches: [{ id: idOf(0), content: "203.0.113.2" }], puts: [{ id: idOf(1), ...record(1) }] });
    assert.deepEqual(
      records().map(({ proxied, comment }) => [proxied, comment]),
      [
        [true, "ours"],
        [false, undefined],
      ],
    );
  });

  test("A batch changes nothing if one of its operations is refused", async () => {
    await batch({ posts: [record(0)] });
    const reply = await batch({ deletes: [{ id: idOf(0) }], posts: [record(1), { ...record(2), content: "x" }] });
    assert.deepEqual(reply.codes, [9005]);
    assert.deepEqual(names(records()), ["host0"]);
  });

  test("A batch reports the first error only, in the order of its operations", async () => {
    const posts = [{ ...record(1), content: "x" }];
    assert.deepEqual((await batch({ posts, deletes: [{ id: "0".repeat(32) }] })).codes, [81044]);
    assert.deepEqual((await batch({ posts: [...posts, { ...record(2), ttl: 5 }] })).codes, [9005]);
  });

  test("A batch has up to 3,500 operations", async () => {
    assert.equal((await batch({ posts: manyRecords(3500) })).status, 200);
    assert.equal((await batch({ posts: manyRecords(3501) })).status, 400);
    assert.equal(records().length, 3500);
  });

  test("A repeated batch is refused as a whole: its posts exist, and its deletes are gone", async () => {
    await batch({ posts: [record(0)] });
    const body = { deletes: [{ id: idOf(0) }], posts: [record(1)] };
    assert.equal((await batch(body)).status, 200);
    assert.deepEqual((await batch(body)).codes, [81044]);
    assert.deepEqual((await batch({ posts: [record(2), record(1)] })).codes, [81058]);
    assert.deepEqual(names(records()), ["host1"]);
  });
});

describe("a zone with the Free plan", () => {
  let zone: ZoneAccount;
  const batch = (body: object) => zone.call(`POST ${zone.records}/batch`, body);
  before(async () => {
    zone = await startZoneAccount({ plan: "free" });
  });

  test("A batch has up to 200 operations", async () => {
    assert.equal((await batch({ posts: manyRecords(201) })).status, 400);
  });

  test("The record above the quota of 200 refuses its whole batch with code 81045", async () => {
    assert.equal((await batch({ posts: manyRecords(199) })).status, 200);
    assert.deepEqual((await batch({ posts: [record(500), record(501)] })).codes, [81045]);
    assert.equal(zone.account.records("example.com").length, 199);
    assert.equal((await zone.create(record(500))).status, 200);
    assert.deepEqual((await zone.create(record(501))).codes, [81045]);
  });

  test("A batch that deletes enough records first stays within the quota", async () => {
    const deletes = [{ id: zone.account.records("example.com")[0]?.id }];
    assert.equal((await batch({ deletes, posts: [record(600)] })).status, 200);
  });

  test("The usage of a zone shows its quota, and the account has none", async () => {
    assert.deepEqual((await zone.call(`GET ${zone.records}/usage`)).result, { record_quota: 200, record_usage: 200 });
    assert.deepEqual((await zone.call("GET /dns_records/usage")).result, { record_quota: null, record_usage: 200 });
  });

  test("A zone made before the smaller quota has 1,000 records", async () => {
    zone.account.zoneStore.change("example.com", { recordQuota: 1000 });
    assert.equal((await zone.call(`GET ${zone.records}/usage`)).result.record_quota, 1000);
    assert.equal((await zone.create(record(700))).status, 200);
  });
});

test("An Enterprise account may have one quota for all zones, and then a zone has none", async () => {
  const { account, call, create, records } = await startZoneAccount({
    zones: ["example.com", "example.net"],
    plan: "enterprise",
    accountRecordQuota: 2,
  });
  await call(`POST /zones/${account.zoneIds[1]}/dns_records`, { ...record(0), name: "a.example.net" });
  assert.equal((await create(record(0))).status, 200);
  assert.deepEqual((await create(record(1))).codes, [81045]);
  assert.deepEqual((await call(`GET ${records}/usage`)).result, { record_quota: null, record_usage: 1 });
  assert.deepEqual((await call("GET /dns_records/usage")).result, { record_quota: 2, record_usage: 2 });
});
