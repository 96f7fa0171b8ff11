import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { buildUpload } from "../../support/account/call-account.ts";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

let zone: ZoneAccount;
const put = (body: object) => zone.call("PUT /workers/domains", { service: "edge", ...body });
const records = () =>
  zone.account.records("example.com").map(({ type, name, content }) => `${type} ${name} ${content}`);

before(async () => {
  zone = await startZoneAccount({ zones: ["example.com", "deep.example.com"] });
  for (const name of ["edge", "other"])
    await zone.call(`PUT /workers/scripts/${name}`, buildUpload('export default { fetch: () => new Response("") };'));
});
beforeEach(async () => {
  for (const { id } of zone.account.domains.list()) await zone.call(`DELETE /workers/domains/${id}`);
  for (const { id } of zone.account.records("example.com")) await zone.call(`DELETE ${zone.records}/${id}`);
});

test("A custom domain creates a proxied record, and removes it with itself", async () => {
  const { id, hostname, service, zone_name } = (await put({ hostname: "Shop.example.com" })).result;
  assert.deepEqual([hostname, service, zone_name], ["shop.example.com", "edge", "example.com"]);
  assert.deepEqual(records(), ["AAAA shop.example.com 100::"]);
  assert.equal((await zone.call(`GET /workers/domains/${id}`)).result.hostname, "shop.example.com");
  await zone.call(`DELETE /workers/domains/${id}`);
  assert.deepEqual(records(), []);
});

test("The record of a custom domain cannot be changed or deleted by a call for records", async () => {
  await put({ hostname: "shop.example.com" });
  const [record] = zone.account.records("example.com");
  assert.equal((await zone.call(`DELETE ${zone.records}/${record?.id}`)).status, 400);
  assert.equal((await zone.call(`PATCH ${zone.records}/${record?.id}`, { content: "100::1" })).status, 400);
});

test("A custom domain of another Worker is refused with code 100116, unless it is overridden", async () => {
  await put({ hostname: "shop.example.com", service: "other" });
  const { status, codes } = await put({ hostname: "shop.example.com" });
  assert.deepEqual({ status, codes }, { status: 409, codes: [100116] });
  const reply = await put({ hostname: "shop.example.com", override_existing_origin: true });
  assert.equal(reply.result.service, "edge");
  assert.equal(zone.account.domains.list().length, 1);
});

test("A custom domain beside a record of any origin is refused with code 100117, even with an override", async () => {
  await zone.create({ type: "A", name: "shop", content: "203.0.113.1", proxied: true });
  for (const override of [{}, { override_existing_dns_record: true }]) {
    const { status, codes } = await put({ hostname: "shop.example.com", ...override });
    assert.deepEqual({ status, codes }, { status: 409, codes: [100117] });
  }
});

test("A custom domain with a wildcard or outside the account's zones is refused", async () => {
  for (const hostname of ["*.example.com", "shop.example.org", ""])
    assert.equal((await put({ hostname })).status, 400, hostname);
});

test("A custom domain for an unknown script is refused with code 10007, and an unknown id with code 100114", async () => {
  assert.deepEqual((await put({ hostname: "shop.example.com", service: "absent" })).codes, [10007]);
  assert.deepEqual((await zone.call("GET /workers/domains/0")).codes, [100114]);
  assert.deepEqual((await zone.call("DELETE /workers/domains/0")).codes, [100114]);
});

test("A zone has up to 100 custom domains, and lists all of them in one answer with filters", async () => {
  for (let i = 0; i < 100; i += 1) zone.account.domains.save({ hostname: `h${i}.example.com`, service: "edge" });
  assert.equal((await put({ hostname: "more.example.com" })).status, 400);
  assert.equal((await put({ hostname: "more.deep.example.com" })).result.zone_name, "deep.example.com");
  assert.equal((await zone.call("GET /workers/domains")).result.length, 101);
  assert.equal((await zone.call("GET /workers/domains?hostname=h7.example.com")).result.length, 1);
});
