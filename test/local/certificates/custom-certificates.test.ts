import assert from "node:assert/strict";
import { test } from "node:test";
import { createPair, createTestZone } from "../../support/account/certificate-zone.ts";

const PATH = "/custom_certificates";
const SNI = { type: "sni_custom" };

test("Plans below Business accept no certificate: 1212", async () => {
  const pair = await createPair(["shop.example.com"]);
  assert.equal(await createTestZone({ plan: "free" }).call(`POST ${PATH}`, { ...pair, ...SNI }), 1212);
  assert.equal(await createTestZone({ plan: "pro" }).call(`POST ${PATH}`, { ...pair, ...SNI }), 1212);
});

test("A Business zone accepts one certificate, of the type sni_custom only", async () => {
  const zone = createTestZone({ plan: "business" });
  const pair = await createPair(["shop.example.com"]);
  assert.equal(await zone.call(`POST ${PATH}`, pair), 2005); // the type is legacy_custom if not set
  const uploaded = await zone.call(`POST ${PATH}`, { ...pair, ...SNI });
  assert.deepEqual([uploaded.hosts, uploaded.type, uploaded.status], [["shop.example.com"], "sni_custom", "active"]);
  const other = await createPair(["other.example.com"]);
  assert.equal(await zone.call(`POST ${PATH}`, { ...other, ...SNI }), 1212);
  const packs = await zone.call("GET /ssl/certificate_packs");
  assert.deepEqual(packs[1].hosts, ["shop.example.com"]);
});

test("A certificate is replaced by PATCH under the same id, also when the quota is used up", async () => {
  const zone = createTestZone({ plan: "business" });
  const { id } = await zone.call(`POST ${PATH}`, { ...(await createPair(["shop.example.com"])), ...SNI });
  zone.advance(60_000);
  const renewed = await zone.call(`PATCH ${PATH}/${id}`, await createPair(["shop.example.com", "www.example.com"]));
  assert.equal(renewed.id, id);
  assert.deepEqual(renewed.hosts, ["shop.example.com", "www.example.com"]);
  assert.equal(renewed.uploaded_on, "2026-11-28T12:00:00.000Z");
  assert.equal(renewed.modified_on, "2026-11-28T12:01:00.000Z");
  assert.equal(await zone.call(`PATCH ${PATH}/none`, await createPair(["shop.example.com"])), 1002);
  assert.deepEqual(await zone.call(`DELETE ${PATH}/${id}`), { id });
  assert.equal(await zone.call(`GET ${PATH}/${id}`), 1002);
});

test("An invalid certificate or key is rejected with the code of its fault", async () => {
  const zone = createTestZone({ plan: "enterprise" });
  const pair = await createPair(["shop.example.com"]);
  const other = await createPair(["shop.example.com"]);
  const root = await createPair(["shop.example.com"], { isAuthority: true });
  const upload = (body: object) => zone.call(`POST ${PATH}`, { ...pair, ...SNI, ...body });
  assert.equal(await upload({ certificate: "no certificate" }), 1002);
  assert.equal(await upload({ certificate: undefined }), 1002);
  assert.equal(await upload({ private_key: "no key" }), 2106);
  assert.equal(await upload({ private_key: other.private_key }), 2200);
  assert.equal(await upload({ ...root }), 1411);
  assert.equal(await upload({ certificate: `${pair.certificate}\n${root.certificate}` }), 2100);
  assert.equal(await upload({ ...(await createPair(["shop.other.org"])) }), 2103);
  assert.equal((await upload({})).hosts[0], "shop.example.com");
  assert.equal(await upload({}), 1220);
  assert.equal(await upload(other), 1228);
  assert.equal((await upload(await createPair(["shop.example.com"], { keyType: "rsa" }))).signature, "SHA256WithRSA");
});
