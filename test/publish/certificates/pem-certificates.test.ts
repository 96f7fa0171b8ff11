import assert from "node:assert/strict";
import { test } from "node:test";
import { splitPemCertificates } from "../../../sync/runtime/pem-certificates.ts";

const LEAF = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const ISSUER = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----";

test("splitPemCertificates returns the certificates of a chain in order, without keys and text between them", () => {
  assert.deepEqual(splitPemCertificates(`subject=/CN=a\n${LEAF}\n${KEY}\nissuer\n${ISSUER}\n`), [LEAF, ISSUER]);
});

test("splitPemCertificates returns no certificate that has no end", () => {
  assert.deepEqual(splitPemCertificates(`-----BEGIN CERTIFICATE-----\nMIIB\n${KEY}`), []);
  assert.deepEqual(splitPemCertificates(""), []);
});
