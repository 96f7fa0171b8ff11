import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import {
  createDns,
  type ExistingRecord,
  type OriginRecord,
  planRecordChange,
  type Zone,
} from "../../sync/cloudflare/dns.ts";
import type { LocalAccount } from "../../sync/local/account/account.ts";
import { startMemoryAccount } from "../support/controller/memory-account.ts";
import { MemoryKv } from "../support/memory-kv.ts";

let account: LocalAccount;

before(async () => {
  account = await startMemoryAccount(["example.com", "example.net"], new MemoryKv(), () => {});
});
after(() => account.close());

describe("DNS records", () => {
  const origin: OriginRecord = { type: "A", name: "edgress-1.example.com", content: "203.0.113.10" };
  const client = () => createApiClient({ apiToken: account.token, baseURL: account.baseURL });
  const dns = () => createDns(client(), account.accountId);
  const zone = async (): Promise<Zone> => {
    const exampleZone = (await dns().listZones()).find(({ name }) => name === "example.com");
    assert.ok(exampleZone);
    return exampleZone;
  };

  test("The client lists the zones of the account", async () => {
    assert.deepEqual(
      (await dns().listZones()).map(({ name }) => name),
      ["example.com", "example.net"],
    );
  });

  test("The record of a controller with another KV namespace is used, and never removed", async () => {
    const [prod, staging] = ["0123abcd", "89abcdef"].map((id) => createDns(client(), account.accountId, [], 1, id));
    assert.ok(prod && staging);
    const exampleZone = await zone();
    await prod.applyChange(exampleZone, { add: [origin], remove: [] });
    const seenByStaging = await staging.listRecords(exampleZone);
    assert.deepEqual(
      seenByStaging.map(({ name, isForeign }) => [name, isForeign]),
      [[origin.name, true]],
    );
    assert.deepEqual(planRecordChange(seenByStaging, [origin]), { add: [], remove: [] });
    assert.deepEqual(planRecordChange(seenByStaging, []), { add: [], remove: [] });
    const seenByProd = await prod.listRecords(exampleZone);
    assert.deepEqual(planRecordChange(seenByProd, []), { add: [], remove: seenByProd });
    await prod.applyChange(exampleZone, { add: [], remove: seenByProd });
  });

  test("Records are added with proxying, listed, and removed", async () => {
    await dns().applyChange(await zone(), { add: [origin], remove: [] });
    const existingRecords = await dns().listRecords(await zone());
    assert.deepEqual(
      existingRecords.map(({ id, ...record }) => record),
      [{ ...origin, proxied: true }],
    );
    assert.deepEqual(planRecordChange(existingRecords, [origin]), { add: [], remove: [] });
    await dns().applyChange(await zone(), { add: [], remove: existingRecords });
    assert.deepEqual(await dns().listRecords(await zone()), []);
  });

  test("A record without the comment of edgress is not listed", async () => {
    const { id: zone_id } = await zone();
    const posts = [{ type: "A" as const, name: "www.example.com", content: "203.0.113.1", ttl: 1 as const }];
    await client().dns.records.batch({ zone_id, posts });
    assert.deepEqual(await dns().listRecords(await zone()), []);
  });

  test("A record whose comment differs in case is not listed, although the API's filter ignores case", async () => {
    const { id: zone_id } = await zone();
    const record = { type: "A" as const, name: "theirs.example.com", content: "203.0.113.1", ttl: 1 as const };
    await client().dns.records.batch({ zone_id, posts: [{ ...record, comment: "EDGRESS: Origin Record" }] });
    assert.deepEqual(await dns().listRecords(await zone()), []);
  });

  test("A record that was changed elsewhere is replaced under the same name", async () => {
    await dns().applyChange(await zone(), { add: [origin], remove: [] });
    const wantedRecords: OriginRecord[] = [{ ...origin, type: "CNAME", content: "lb.example.org" }];
    const plan = planRecordChange(await dns().listRecords(await zone()), wantedRecords);
    await dns().applyChange(await zone(), plan);
    assert.deepEqual(
      (await dns().listRecords(await zone())).map(({ type, content }) => `${type} ${content}`),
      ["CNAME lb.example.org"],
    );
  });

  test("250 new records are added in several requests, before removals", async () => {
    const existingRecords = await dns().listRecords(await zone());
    const add = Array.from({ length: 250 }, (_, i) => ({ ...origin, name: `edgress-x${i}.example.com` }));
    account.requests.length = 0;
    const targetZone = await zone();
    await dns().applyChange(targetZone, { add, remove: existingRecords });
    assert.equal(account.requests.filter(({ method }) => method === "POST").length, 3);
    assert.equal((await dns().listRecords(targetZone)).length, 250);
  });

  test("An empty record change sends no request", async () => {
    const targetZone = await zone();
    account.requests.length = 0;
    await dns().applyChange(targetZone, { add: [], remove: [] });
    assert.deepEqual(account.requests, []);
  });
});

describe("the plan of a record change", () => {
  const wantedRecord: OriginRecord = { type: "AAAA", name: "edgress-1.example.com", content: "2001:DB8:0::1" };
  const existingRecord: ExistingRecord = { ...wantedRecord, content: "2001:db8::1", id: "1", proxied: true };

  test("An address with another spelling is not a change", () => {
    assert.deepEqual(planRecordChange([existingRecord], [wantedRecord]), { add: [], remove: [] });
  });

  test("A record without proxying is replaced", () => {
    const unproxiedRecord = { ...existingRecord, proxied: false };
    assert.deepEqual(planRecordChange([unproxiedRecord], [wantedRecord]), {
      add: [wantedRecord],
      remove: [unproxiedRecord],
    });
  });

  test("An unwanted record is removed", () => {
    assert.deepEqual(planRecordChange([existingRecord], []), { add: [], remove: [existingRecord] });
  });

  test("A record that is wanted twice is added once", () => {
    assert.deepEqual(planRecordChange([], [wantedRecord, wantedRecord]), { add: [wantedRecord], remove: [] });
  });
});
