import assert from "node:assert/strict";
import { test } from "node:test";
import { startAccount } from "../../../sync/local/account/account.ts";
import { callAccount } from "../../support/account/call-account.ts";
import { createTestZone } from "../../support/account/certificate-zone.ts";

const PACKS = "/ssl/certificate_packs";
const ORDER = {
  type: "advanced",
  hosts: ["example.com", "*.deep.example.com"],
  validity_days: 90,
  certificate_authority: "google",
  validation_method: "txt",
};

/** Returns the type, hosts and status of packs. */
function summarize(packs: readonly { type: string; hosts: readonly string[]; status: string }[]): string[] {
  return packs.map(({ type, hosts, status }) => `${type} ${hosts.join(",")} ${status}`);
}

test("Universal SSL covers the apex and one label, except in a zone with the CNAME setup", async () => {
  const zone = createTestZone();
  assert.deepEqual(summarize(await zone.call(`GET ${PACKS}`)), ["universal example.com,*.example.com active"]);
  const partialZone = createTestZone({ type: "partial" });
  assert.deepEqual(summarize(await partialZone.call(`GET ${PACKS}`)), ["universal example.com active"]);
  assert.deepEqual(await zone.call("PATCH /ssl/universal/settings", { enabled: false }), { enabled: false });
  assert.deepEqual(await zone.call(`GET ${PACKS}?status=all`), []);
});

test("Without Advanced Certificate Manager, the quota is 0, and orders and Total TLS are refused with 1450", async () => {
  const zone = createTestZone();
  assert.deepEqual(await zone.call(`GET ${PACKS}/quota`), { advanced: { allocated: 0, used: 0 } });
  assert.equal(await zone.call(`POST ${PACKS}/order`, ORDER), 1450);
  assert.equal(await zone.call("POST /acm/total_tls", { enabled: true }), 1450);
});

test("An ordered pack is listed with status=all only, until it is issued", async () => {
  const zone = createTestZone({ hasAdvancedCertificates: true }, 600_000);
  const { status } = await zone.call(`POST ${PACKS}/order`, ORDER);
  assert.equal(status, "initializing");
  const universal = "universal example.com,*.example.com active";
  assert.deepEqual(summarize(await zone.call(`GET ${PACKS}`)), [universal]);
  const pending = "advanced *.deep.example.com,example.com pending_validation";
  assert.deepEqual(summarize(await zone.call(`GET ${PACKS}?status=all`)), [universal, pending]);
  zone.advance(600_000);
  const issued = "advanced *.deep.example.com,example.com active";
  assert.deepEqual(summarize(await zone.call(`GET ${PACKS}`)), [universal, issued]);
  assert.deepEqual(await zone.call(`GET ${PACKS}/quota`), { advanced: { allocated: 100, used: 1 } });
});

test("An order needs the apex, 1 to 50 hosts of the zone, and a known validity", async () => {
  const zone = createTestZone({ hasAdvancedCertificates: true });
  const reject = (change: object) => zone.call(`POST ${PACKS}/order`, { ...ORDER, ...change });
  assert.equal(await reject({ hosts: ["*.deep.example.com"] }), 1400);
  assert.equal(await reject({ hosts: ["example.com", "other.org"] }), 1400);
  assert.equal(await reject({ hosts: Array.from({ length: 51 }, () => "example.com") }), 1400);
  assert.equal(await reject({ validity_days: 60 }), 1400);
  assert.equal(await reject({ validity_days: undefined }), 1400);
  assert.equal(await reject({ certificate_authority: "other" }), 1400);
});

test("A pack is deleted in the background: a second deletion meanwhile is refused with 1406", async () => {
  const zone = createTestZone({ hasAdvancedCertificates: true });
  const { id } = await zone.call(`POST ${PACKS}/order`, ORDER);
  assert.deepEqual(await zone.call(`DELETE ${PACKS}/${id}`), { id });
  assert.equal(await zone.call(`DELETE ${PACKS}/${id}`), 1406);
  zone.advance(60_000);
  assert.equal(await zone.call(`DELETE ${PACKS}/${id}`), 1401);
  assert.equal(await zone.call(`DELETE ${PACKS}/${(await zone.call(`GET ${PACKS}`))[0].id}`), 1400);
});

test("Total TLS covers deep proxied names, never a name of more than 64 characters or one whose pack was deleted", async () => {
  const longName = `${"a".repeat(50)}.deep.example.com`;
  const proxiedNames = ["www.example.com", "a.b.example.com", "c.d.example.com", longName];
  const zone = createTestZone({ hasAdvancedCertificates: true, proxiedNames });
  const list = async () => summarize(await zone.call(`GET ${PACKS}`)).slice(1);
  assert.deepEqual(await list(), []);
  assert.equal((await zone.call("POST /acm/total_tls", { enabled: true })).enabled, true);
  assert.equal(await zone.call("POST /acm/total_tls", { enabled: false }), 1482);
  zone.advance(10_000);
  assert.equal(await zone.call("POST /acm/total_tls", { enabled: true }), 1467);
  assert.deepEqual(await list(), ["total_tls a.b.example.com active", "total_tls c.d.example.com active"]);
  const pack = (await zone.call(`GET ${PACKS}`))[1];
  await zone.call(`DELETE ${PACKS}/${pack.id}`);
  assert.deepEqual(await list(), ["total_tls c.d.example.com active"]);
  await zone.call("POST /acm/total_tls", { enabled: false });
  zone.advance(10_000);
  await zone.call("POST /acm/total_tls", { enabled: true });
  assert.deepEqual(await list(), ["total_tls c.d.example.com active"]);
});

test("The API of an account has the certificates of its zones, and none of an unknown zone", async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  const account = await startAccount({ zones: ["example.com"], storage });
  try {
    const [zoneId] = account.zoneIds;
    const listed = await callAccount(account, `GET /zones/${zoneId}${PACKS}`);
    assert.deepEqual(summarize(listed.result), ["universal example.com,*.example.com active"]);
    const unknown = await callAccount(account, `GET /zones/${"0".repeat(32)}${PACKS}`);
    assert.deepEqual([unknown.status, unknown.codes], [404, [7003]]);
  } finally {
    await account.close();
  }
});
