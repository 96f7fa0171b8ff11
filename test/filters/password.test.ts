import assert from "node:assert/strict";
import { test } from "node:test";
import { createExpiringHashSet } from "../../src/filters/authorization/expiring-hash-set.ts";
import { verifyPassword } from "../../src/filters/password/verify.ts";
import { findHtpasswdHash } from "../../src/rules/policies/basic-auth.ts";

const LONG_PASSWORD = "a1b2c3d4".repeat(8);

// From `openssl passwd`, `htpasswd` and crypt(3).
const HASHES: readonly (readonly [format: string, password: string, hash: string])[] = [
  ["apr1", "s3cret", "$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V."],
  ["MD5-crypt", "s3cret", "$1$saltsalt$RwMqRjSWhXMKbW72DwzGd1"],
  ["SHA-256-crypt", "s3cret", "$5$saltsalt$i1q2ZQzc.tl/BQ6CHiENAcVDvEY6nJ1OWlWXKh94b1."],
  [
    "SHA-512-crypt",
    "s3cret",
    "$6$saltsalt$As4wrv0kZlfch1du9WeH7qhskyLriQWySXrZzynnvi46nFnNxjdpl6ksRegrrKexvhIa/Iny8S8uF3fVWTMuC1",
  ],
  ["apr1, of 16 bytes", LONG_PASSWORD.slice(0, 16), "$apr1$saltsalt$Dn5LsoycjYKGs1v1HdwpT."],
  ["apr1, of 32 bytes", LONG_PASSWORD.slice(0, 32), "$apr1$saltsalt$I48jFaEmT5PsoM.pYiOCN0"],
  ["apr1, of 64 bytes", LONG_PASSWORD, "$apr1$saltsalt$a.vMypcmZ6BHqiYjuEN470"],
  ["SHA-256-crypt, of 16 bytes", LONG_PASSWORD.slice(0, 16), "$5$saltsalt$8spAz/08/b6OtLxlcR5kKHxiFqWTbYtEI.7n5t0QNAD"],
  ["SHA-256-crypt, of 32 bytes", LONG_PASSWORD.slice(0, 32), "$5$saltsalt$sHHzq7zU62ArpI3gwQTLYPqS.vgWsl4y32OmXNOeLr5"],
  ["SHA-256-crypt, of 64 bytes", LONG_PASSWORD, "$5$saltsalt$DQAuba0ggniH0P9PVMYpCaewYDIo8HG0lHIkVs1zEs0"],
  [
    "SHA-512-crypt, of 16 bytes",
    LONG_PASSWORD.slice(0, 16),
    "$6$saltsalt$2fED26kzM7gklG4OE9aCZ/VMDTN1nEqddZebDcW/GQC5YVlDswjh3BPxoQKtATnBX26c1Db2vhJ7Kar9L76OX.",
  ],
  [
    "SHA-512-crypt, of 32 bytes",
    LONG_PASSWORD.slice(0, 32),
    "$6$saltsalt$e6dJAZUMrgD0U5zG8LatfH/WBI2I7aR9hnF/w/wkBK34RDp/bdoqkDZFFbSC4CDJzJaUQGKylkYA4X6c0Kj550",
  ],
  [
    "SHA-512-crypt, of 64 bytes",
    LONG_PASSWORD,
    "$6$saltsalt$K/OtTUXdEBP5I9D7p6fxTRFXJzRG0KtPOCtxaYTu/VvMPC/4yQ5QQOBR5bOWYCiM3bYVsfXg3NopyuIALcnc80",
  ],
  ["bcrypt", "s3cret", "$2y$05$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4/JtMZcz22"],
  ["{SHA}", "s3cret", "{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg="],
  ["{SSHA}", "s3cret", "{SSHA}IbkcqsWcmZ7aW6HhUhnW72iJmihzYWx0eQ=="],
  ["{PLAIN}", "s3cret", "{PLAIN}s3cret"],
  ["crypt(3)", "s3cret", "abhWCwoTZY2c6"],
  [
    "the example of the SHA-crypt paper",
    "Hello world!",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
  ],
];

for (const [format, password, hash] of HASHES) {
  test(`verifyPassword accepts the right password under ${format}, and no other`, async () => {
    assert.equal(verifyPassword(password, hash), true);
    assert.equal(verifyPassword(`${password}x`.slice(hash.length === 13 ? 1 : 0), hash), false);
    assert.equal(verifyPassword("", hash), false);
  });
}

for (const hash of [
  "",
  "garbage",
  "s3cret",
  "$apr1$",
  "$apr1$salt$",
  "$5$",
  "$6$salt",
  "$2y$05$short",
  "{SHA}",
  "{SSHA}x",
  "{MD5}x",
  "$2x$05$abc",
  "*0",
  "!",
]) {
  test(`verifyPassword accepts no password under "${hash}"`, async () => {
    for (const password of ["", "s3cret", "garbage", "x", hash]) assert.equal(verifyPassword(password, hash), false);
  });
}

test("verifyPassword rejects a hash or a password of very long computation without trying", async () => {
  const startedAt = Date.now();
  assert.equal(verifyPassword("s3cret", "$6$rounds=999999999$salt$x"), false);
  assert.equal(verifyPassword("s3cret", "$2y$31$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4/JtMZcz22"), false);
  assert.equal(verifyPassword("x".repeat(100_000), "$6$salt$x"), false);
  assert.ok(Date.now() - startedAt < 2000);
});

test("verifyPassword compares bytes that are not valid text byte by byte", async () => {
  assert.equal(verifyPassword("\xff\xfe", "{PLAIN}\xff\xfe"), true);
  assert.equal(verifyPassword("\xff\xfe", "$2y$05$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4/JtMZcz22"), false);
});
test("findHtpasswdHash returns the first line of a user, and ignores comments", () => {
  const file = "#ann:no\nann:first:a comment\r\nann:second\n\nbob:x";
  assert.equal(findHtpasswdHash(file, "ann"), "first");
  assert.equal(findHtpasswdHash(file, "bob"), "x");
  assert.equal(findHtpasswdHash(file, "#ann"), undefined);
  assert.equal(findHtpasswdHash(file, "an"), undefined);
});

test("createExpiringHashSet drops an entry after its lifetime", () => {
  const set = createExpiringHashSet(1000);
  set.add("a", 0);
  assert.equal(set.has("a", 999), true);
  assert.equal(set.has("a", 1000), false);
  assert.equal(set.has("b", 0), false);
});

test("createExpiringHashSet has a maximum size, and drops the oldest entry first", () => {
  const set = createExpiringHashSet(1000);
  for (let index = 0; index <= 1000; index++) set.add(`text ${index}`, 0);
  assert.equal(set.has("text 0", 1), false);
  assert.equal(set.has("text 1", 1), true);
  assert.equal(set.has("text 1000", 1), true);
});
