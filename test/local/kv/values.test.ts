import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOutcome, withKvAccount } from "../../support/account/kv-account.ts";

function buildForm(value: string, metadata?: string): FormData {
  const form = new FormData();
  form.set("value", value);
  if (metadata !== undefined) form.set("metadata", metadata);
  return form;
}

describe("values of Workers KV", () => {
  test("A value is returned as its bytes, without an envelope", async () => {
    await withKvAccount({}, async ({ account, send }) => {
      await send("PUT /values/text", '{"a":1}');
      const response = await send("GET /values/text");
      assert.equal(response.text, '{"a":1}');
      assert.equal(response.headers.get("content-type"), "application/octet-stream");
      await send("PUT /values/binary", new Uint8Array([0xff, 0x00, 0xfe]));
      const { baseURL, accountId, namespaceId, token } = account;
      const path = `/accounts/${accountId}/storage/kv/namespaces/${namespaceId}/values/binary`;
      const binary = await fetch(baseURL + path, { headers: { authorization: `Bearer ${token}` } });
      assert.deepEqual([...new Uint8Array(await binary.arrayBuffer())], [0xff, 0x00, 0xfe]);
    });
  });

  test("An absent key is a 404 with code 10009, and its removal succeeds", async () => {
    await withKvAccount({}, async ({ send }) => {
      assert.equal(formatOutcome(await send("GET /values/absent")), "404 10009");
      assert.equal(formatOutcome(await send("GET /metadata/absent")), "404 10009");
      assert.equal(formatOutcome(await send("DELETE /values/absent")), "200");
    });
  });

  test("Metadata is kept, shown with the key, and cleared by a write without it", async () => {
    await withKvAccount({}, async ({ send }) => {
      await send("PUT /values/a", buildForm("1", '{"author":"me"}'));
      assert.equal((await send("GET /values/a")).text, "1");
      assert.deepEqual((await send("GET /metadata/a")).json.result, { author: "me" });
      assert.deepEqual((await send("GET /keys")).json.result, [{ name: "a", metadata: { author: "me" } }]);
      await send("PUT /values/a", "2");
      assert.equal((await send("GET /metadata/a")).json.result, null);
      assert.deepEqual((await send("GET /keys")).json.result, [{ name: "a" }]);
    });
  });

  test("Metadata may have 1,024 bytes of valid JSON", async () => {
    await withKvAccount({}, async ({ send }) => {
      assert.equal(formatOutcome(await send("PUT /values/a", buildForm("1", `"${"x".repeat(1022)}"`))), "200");
      assert.equal(formatOutcome(await send("PUT /values/a", buildForm("1", `"${"x".repeat(1023)}"`))), "413 10012");
      assert.equal(formatOutcome(await send("PUT /values/a", buildForm("1", "{"))), "400 10012");
    });
  });

  test("A value may have 25 MiB, and a key 512 bytes", async () => {
    await withKvAccount({}, async ({ send }) => {
      const bytes = new Uint8Array(25 * 1024 * 1024);
      assert.equal(formatOutcome(await send("PUT /values/large", bytes)), "200");
      assert.equal(formatOutcome(await send("PUT /values/large", new Uint8Array(bytes.length + 1))), "413 10012");
      assert.equal(formatOutcome(await send(`PUT /values/${"k".repeat(512)}`, "1")), "200");
      assert.equal(formatOutcome(await send(`PUT /values/${"k".repeat(513)}`, "1")), "400 10012");
    });
  });

  test("The keys '.' and '..' are rejected, alone and in a batch", async () => {
    await withKvAccount({}, async ({ send }) => {
      for (const key of [".", ".."])
        assert.equal(formatOutcome(await send("PUT /bulk", [{ key, value: "1" }])), "400 10012", key);
      assert.equal(formatOutcome(await send("POST /bulk/delete", [".."])), "400 10012");
    });
  });

  test("A time to live below 60 s is a 400 with code 10034, alone and in a batch", async () => {
    await withKvAccount({}, async ({ send, clock }) => {
      assert.equal(formatOutcome(await send("PUT /values/a?expiration_ttl=59", "1")), "400 10034");
      assert.equal(formatOutcome(await send("PUT /bulk", [{ key: "a", value: "1", expiration_ttl: 1 }])), "400 10034");
      const soon = Math.floor(clock.now / 1000) + 59;
      assert.equal(formatOutcome(await send(`PUT /values/a?expiration=${soon}`, "1")), "400 10034");
      assert.equal(formatOutcome(await send("PUT /values/a?expiration_ttl=60", "1")), "200");
    });
  });

  test("A value with a time to live has the header expiration, and ends then", async () => {
    await withKvAccount({}, async ({ send, clock }) => {
      const expiration = clock.now / 1000 + 60;
      await send("PUT /values/a?expiration_ttl=60", "1");
      assert.equal((await send("GET /values/a")).headers.get("expiration"), String(expiration));
      assert.deepEqual((await send("GET /keys")).json.result, [{ name: "a", expiration }]);
      clock.now += 60_000;
      assert.equal(formatOutcome(await send("GET /values/a")), "404 10009");
      assert.deepEqual((await send("GET /keys")).json.result, []);
    });
  });

  test("A list of keys has 10 to 1,000 keys a page, and an empty cursor at its end", async () => {
    await withKvAccount({}, async ({ send }) => {
      assert.equal(formatOutcome(await send("GET /keys?limit=9")), "400 10012");
      assert.equal(formatOutcome(await send("GET /keys?limit=1001")), "400 10012");
      const pairs = Array.from({ length: 12 }, (_, i) => ({ key: `k${String(i).padStart(2, "0")}`, value: "1" }));
      await send("PUT /bulk", [...pairs, { key: "other", value: "1" }]);
      const first = (await send("GET /keys?limit=10&prefix=k")).json;
      assert.equal(first.result_info.count, 10);
      const second = (await send(`GET /keys?limit=10&prefix=k&cursor=${first.result_info.cursor}`)).json;
      assert.deepEqual(second.result, [{ name: "k10" }, { name: "k11" }]);
      assert.deepEqual(second.result_info, { count: 2, cursor: "" });
    });
  });
});
