import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFaultPlan } from "../../../sync/local/account/fault-injection.ts";
import { formatOutcome, withKvAccount } from "../../support/account/kv-account.ts";

function buildPairs(count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `key/${i}`, value: "1" }));
}

describe("batches of Workers KV", () => {
  test("A batch may have 10,000 pairs", async () => {
    await withKvAccount({}, async ({ send }) => {
      const { json } = await send("PUT /bulk", buildPairs(10_000));
      assert.deepEqual(json.result, { successful_key_count: 10_000, unsuccessful_keys: [] });
      assert.equal(formatOutcome(await send("PUT /bulk", buildPairs(10_001))), "400 10012");
      const keys = buildPairs(10_001).map(({ key }) => key);
      assert.equal(formatOutcome(await send("POST /bulk/delete", keys)), "400 10012");
    });
  });

  test("The body of a batch may have 100 MB", async () => {
    await withKvAccount({}, async ({ send }) => {
      const pairs = Array.from({ length: 4 }, (_, i) => ({ key: `${i}`, value: "x".repeat(24_999_900) }));
      const body = JSON.stringify(pairs);
      assert.ok(body.length <= 100_000_000);
      const padded = body + " ".repeat(100_000_000 - body.length);
      assert.equal(formatOutcome(await send("PUT /bulk", padded)), "200");
      assert.equal(formatOutcome(await send("PUT /bulk", `${padded} `)), "413 10012");
    });
  });

  test("A body that is no array is a 400 with code 10012, and an empty one changes nothing", async () => {
    await withKvAccount({}, async ({ send }) => {
      assert.equal(formatOutcome(await send("PUT /bulk", { key: "a", value: "1" })), "400 10012");
      assert.equal(formatOutcome(await send("PUT /bulk", "no JSON")), "400 10012");
      assert.equal(formatOutcome(await send("POST /bulk/delete", { key: "a" })), "400 10012");
      const { json } = await send("PUT /bulk", []);
      assert.deepEqual(json.result, { successful_key_count: 0, unsuccessful_keys: [] });
    });
  });

  test("A bulk read has 1 to 100 keys, and null for absent ones", async () => {
    await withKvAccount({}, async ({ send }) => {
      await send("PUT /bulk", [{ key: "a", value: "[1]", metadata: { by: "me" } }]);
      assert.equal(formatOutcome(await send("POST /bulk/get", { keys: [] })), "400 10029");
      const keys = Array.from({ length: 101 }, (_, i) => `${i}`);
      assert.equal(formatOutcome(await send("POST /bulk/get", { keys })), "400 10012");
      const read = async (options: object) =>
        (await send("POST /bulk/get", { keys: ["a", "absent"], ...options })).json.result.values;
      assert.deepEqual(await read({}), { a: "[1]", absent: null });
      assert.deepEqual(await read({ type: "json", withMetadata: true }), {
        a: { value: [1], metadata: { by: "me" } },
        absent: null,
      });
    });
  });

  test("A bulk removal succeeds for absent keys", async () => {
    await withKvAccount({}, async ({ send }) => {
      await send("PUT /bulk", buildPairs(2));
      const { json } = await send("POST /bulk/delete", ["key/0", "absent"]);
      assert.deepEqual(json.result, { successful_key_count: 2, unsuccessful_keys: [] });
      assert.deepEqual((await send("GET /keys")).json.result, [{ name: "key/1" }]);
    });
  });

  test("A batch with a key twice is rejected", async () => {
    await withKvAccount({}, async ({ send }) => {
      const pairs = [...buildPairs(1), ...buildPairs(1)];
      assert.equal(formatOutcome(await send("PUT /bulk", pairs)), "400 10012");
    });
  });

  test("A partial write may leave out a random subset, everything, or only the manifest", async () => {
    await withKvAccount({}, async ({ account, send }) => {
      const pairs = [...buildPairs(4), { key: "current", value: "1" }];
      const writeWith = async (partialWriteKeys: "random" | "all" | RegExp) => {
        const draws = [0.1, 0.9, 0.2, 0.8, 0.7];
        const random = () => draws.shift() ?? 1;
        account.faults = { ...createFaultPlan(), partialWrites: 1, partialWriteKeys, random };
        const { status, json } = await send("PUT /bulk", pairs);
        assert.equal(status, 200);
        return json.result;
      };
      assert.deepEqual(await writeWith("all"), {
        successful_key_count: 0,
        unsuccessful_keys: ["key/0", "key/1", "key/2", "key/3", "current"],
      });
      assert.deepEqual((await send("GET /keys")).json.result, []);
      assert.deepEqual(await writeWith("random"), { successful_key_count: 3, unsuccessful_keys: ["key/0", "key/2"] });
      await send(
        "POST /bulk/delete",
        pairs.map(({ key }) => key),
      );
      assert.deepEqual(await writeWith(/^current$/), { successful_key_count: 4, unsuccessful_keys: ["current"] });
      assert.equal(formatOutcome(await send("GET /values/current")), "404 10009");
    });
  });
});
