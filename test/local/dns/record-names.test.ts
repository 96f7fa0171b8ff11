import assert from "node:assert/strict";
import { before, test } from "node:test";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

let zone: ZoneAccount;
before(async () => {
  zone = await startZoneAccount();
});

const createName = (name: string) => zone.create({ type: "TXT", name, content: `"${name}"` });
const label = (length: number) => "a".repeat(length);

test("A name is returned absolute, in lower case and Punycode", async () => {
  const rows = [
    ["@", "example.com"],
    ["www", "www.example.com"],
    ["WWW.Example.COM", "www.example.com"],
    ["www.example.com.", "www.example.com"],
    ["bücher", "xn--bcher-kva.example.com"],
    ["*.BÜCHER.example.com", "*.xn--bcher-kva.example.com"],
    ["_acme-challenge", "_acme-challenge.example.com"],
  ];
  for (const [sent, returned] of rows) assert.equal((await createName(sent ?? "")).result.name, returned);
});

test("A name outside the zone becomes a name below the zone", async () => {
  assert.equal((await createName("www.other.org")).result.name, "www.other.org.example.com");
  assert.equal((await createName("notexample.com")).result.name, "notexample.com.example.com");
});

test("A label has up to 63 characters, and a name up to 253", async () => {
  assert.equal((await createName(label(63))).status, 200);
  assert.deepEqual((await createName(label(64))).codes, [1004, 9000]);
  const name = [label(63), label(63), label(63), label(49)].join("."); // 241 characters, and 12 of the zone
  assert.equal((await createName(name)).status, 200);
  assert.deepEqual((await createName(`a${name}`)).codes, [1004, 9000]);
});

test("A name with an empty label, a space or a wildcard inside is refused", async () => {
  for (const name of ["a..b", "a b", "a.*.b", "-a", "a-", "a*", ""])
    assert.deepEqual({ name, codes: (await createName(name)).codes }, { name, codes: [1004, 9000] });
});

test("The content of a CNAME is returned in lower case and Punycode, without its final dot", async () => {
  const { result } = await zone.create({ type: "CNAME", name: "shop", content: "LB.Bücher.example.org." });
  assert.equal(result.content, "lb.xn--bcher-kva.example.org");
});

test("An IPv6 address is returned in its canonical form", async () => {
  const { result } = await zone.create({ type: "AAAA", name: "six", content: "2001:DB8:0::1" });
  assert.equal(result.content, "2001:db8::1");
  const originless = await zone.create({ type: "AAAA", name: "none", content: "100:0::0", proxied: true });
  assert.equal(originless.result.content, "100::");
});
