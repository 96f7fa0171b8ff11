import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FAST_KV_RULES, STRICT_KV_RULES } from "../../../sync/local/account/kv/kv-rules.ts";
import { formatOutcome, type KvAccount, withKvAccount } from "../../support/account/kv-account.ts";

const ONE_LOCATION = { ...FAST_KV_RULES, stalenessMs: 60_000 };

const readText = async ({ send }: KvAccount, key: string) => {
  const { status, text } = await send(`GET /values/${key}`);
  return status === 200 ? text : formatOutcome(await send(`GET /values/${key}`));
};

describe("rules of Workers KV that cost time", () => {
  test("A second write of a key within a second is a 429, single and across batches", async () => {
    const kvRules = { ...FAST_KV_RULES, limitsWriteRate: true };
    await withKvAccount({ kvRules }, async ({ send, clock }) => {
      const writeBoth = async () =>
        formatOutcome(
          await send(
            "PUT /bulk",
            ["a", "b"].map((key) => ({ key, value: "1" })),
          ),
        );
      assert.equal(formatOutcome(await send("PUT /values/a", "1")), "200");
      assert.equal(formatOutcome(await send("PUT /values/a", "2")), "429 971");
      assert.equal(await writeBoth(), "429 971");
      assert.equal(formatOutcome(await send("POST /bulk/delete", ["a"])), "429 971");
      assert.equal(formatOutcome(await send("PUT /values/b", "1")), "200");
      clock.now += 999;
      assert.equal(formatOutcome(await send("DELETE /values/a")), "429 971");
      clock.now += 1;
      assert.equal(await writeBoth(), "200");
    });
  });

  test("A value that was read before is read back old until the staleness ends", async () => {
    await withKvAccount({ kvRules: ONE_LOCATION }, async (kv) => {
      await kv.send("PUT /values/current", "old");
      assert.equal(await readText(kv, "current"), "old");
      await kv.send("PUT /values/current", "new");
      assert.equal(await readText(kv, "current"), "old");
      const bulk = await kv.send("POST /bulk/get", { keys: ["current"] });
      assert.deepEqual(bulk.json.result.values, { current: "old" });
      kv.clock.now += 59_999;
      assert.equal(await readText(kv, "current"), "old");
      kv.clock.now += 1;
      assert.equal(await readText(kv, "current"), "new");
    });
  });

  test("A key that was absent before is absent after its write until the staleness ends", async () => {
    await withKvAccount({ kvRules: ONE_LOCATION }, async (kv) => {
      assert.equal(await readText(kv, "shard"), "404 10009");
      await kv.send("PUT /values/shard", "1");
      assert.equal(await readText(kv, "shard"), "404 10009");
      assert.equal(formatOutcome(await kv.send("GET /metadata/shard")), "404 10009");
      kv.clock.now += 60_000;
      assert.equal(await readText(kv, "shard"), "1");
    });
  });

  test("A key that nothing read before is read back at once", async () => {
    await withKvAccount({ kvRules: ONE_LOCATION }, async (kv) => {
      await kv.send("PUT /values/shard", "1");
      assert.equal(await readText(kv, "shard"), "1");
    });
  });

  test("A list is stale too", async () => {
    await withKvAccount({ kvRules: ONE_LOCATION }, async ({ send, clock }) => {
      assert.deepEqual((await send("GET /keys")).json.result, []);
      await send("PUT /values/a", "1");
      assert.deepEqual((await send("GET /keys")).json.result, []);
      clock.now += 60_000;
      assert.deepEqual((await send("GET /keys")).json.result, [{ name: "a" }]);
    });
  });

  test("Two calls in turn reach two locations, which differ", async () => {
    await withKvAccount({ kvRules: STRICT_KV_RULES }, async ({ send, clock }) => {
      const read = async () => (await send("GET /values/a")).status;
      assert.equal(await read(), 404);
      clock.now += 30_000;
      await send("PUT /values/a", "1");
      assert.deepEqual([await read(), await read()], [200, 404]);
      clock.now += 30_000;
      assert.deepEqual([await read(), await read()], [200, 200]);
    });
  });

  test("The rules of an account may change at any time", async () => {
    await withKvAccount({}, async ({ account, send }) => {
      account.kv.rules = STRICT_KV_RULES;
      await send("PUT /values/a", "1");
      assert.equal((await send("PUT /values/a", "2")).status, 429);
    });
  });

  test("The Free plan has 1,000 writes and 1,000 removals a day, until 00:00 UTC", async () => {
    await withKvAccount({ workersPlan: "free" }, async ({ send, clock }) => {
      const pairs = Array.from({ length: 999 }, (_, i) => ({ key: `${i}`, value: "1" }));
      await send("PUT /bulk", pairs);
      const two = ["a", "b"].map((key) => ({ key, value: "1" }));
      assert.equal(formatOutcome(await send("PUT /bulk", two)), "429 10048");
      assert.equal(formatOutcome(await send("PUT /values/a", "1")), "200");
      assert.equal(formatOutcome(await send("PUT /values/b", "1")), "429 10048");
      assert.equal(formatOutcome(await send("DELETE /values/a")), "200");
      clock.now = Date.parse("2026-11-28T23:59:59.999Z");
      assert.equal(formatOutcome(await send("PUT /values/b", "1")), "429 10048");
      clock.now += 1;
      assert.equal(formatOutcome(await send("PUT /values/b", "1")), "200");
    });
  });
});
