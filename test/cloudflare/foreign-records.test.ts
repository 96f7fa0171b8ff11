import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createDns, type Dns, planRecordChange, type Zone } from "../../sync/cloudflare/dns.ts";
import { addForeignObjects, type ForeignObjects } from "../support/account/foreign-objects.ts";
import { startZoneAccount, type ZoneAccount } from "../support/account/zone-account.ts";

let account: ZoneAccount["account"];
let dns: Dns;
let zone: Zone;
let foreign: ForeignObjects;

before(async () => {
  ({ account } = await startZoneAccount({ unseenDeletions: 1 }));
  foreign = await addForeignObjects(account, "example.com");
  const client = createApiClient({ apiToken: account.token, baseURL: account.baseURL });
  dns = createDns(client, account.accountId);
  zone = { id: account.zoneIds[0] ?? "", name: "example.com" };
});

test("Records of other owners stay through additions, changes of type and the removal of every own record", async () => {
  const name = "edgress-1.example.com";
  await dns.applyChange(zone, { add: [{ type: "A", name, content: "203.0.113.10" }], remove: [] });
  foreign.assertUnchanged();
  const cname = { type: "CNAME" as const, name, content: "lb.example.org" };
  await dns.applyChange(zone, planRecordChange(await dns.listRecords(zone), [cname]));
  assert.deepEqual(
    (await dns.listRecords(zone)).map(({ type, content }) => `${type} ${content}`),
    ["CNAME lb.example.org"],
  );
  await dns.applyChange(zone, planRecordChange(await dns.listRecords(zone), []));
  assert.deepEqual(await dns.listRecords(zone), []);
  foreign.assertUnchanged();
});
