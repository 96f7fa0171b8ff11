import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withCallRules } from "../../sync/cloudflare/call-rules.ts";
import { isOutcomeUnknown } from "../../sync/cloudflare/client.ts";
import { buildFailure, SUCCESS } from "../support/cloudflare/scripted-api.ts";
import { ACCOUNT, postBatch, putValue, readValue, withApi } from "../support/cloudflare/test-client.ts";

describe("the fence of API calls", () => {
  test("A write is not sent again after its fence closed during a wait", async () => {
    for (const failure of [buildFailure(429, 971, { "retry-after": "3" }), buildFailure(500, 10001), {}]) {
      await withApi([failure, SUCCESS], async ({ client, clock, requests }) => {
        let isLeader = true;
        clock.onSleep = () => {
          isLeader = false;
        };
        const checkFence = () => {
          if (!isLeader) throw new Error("leadership lost");
        };
        await assert.rejects(
          withCallRules({ checkFence }, () => putValue(client)),
          (error: Error) => !isOutcomeUnknown(error) && (error.cause as Error).cause instanceof Error,
        );
        assert.equal(requests.length, 1);
      });
    }
  });

  test("A fence stops writes of inner scopes, and no reads", async () => {
    await withApi([SUCCESS], async ({ client, requests }) => {
      const checkFence = () => {
        throw new Error("leadership lost");
      };
      await withCallRules({ checkFence }, async () => {
        await readValue(client);
        await client.kv.namespaces.bulkGet("n", { ...ACCOUNT, keys: ["k"] });
        await assert.rejects(withCallRules({ maxAttempts: 1 }, () => putValue(client)));
        await assert.rejects(postBatch(client));
      });
      assert.deepEqual(
        requests.map(({ line }) => line),
        ["GET /accounts/a/storage/kv/namespaces/n/values/k", "POST /accounts/a/storage/kv/namespaces/n/bulk/get"],
      );
    });
  });
});

describe("the pace of API calls", () => {
  test("Calls are not spaced while at least a quarter of the quota is left", async () => {
    const headers = { ratelimit: '"default";r=400;t=100', "ratelimit-policy": '"default";q=1200;w=300' };
    await withApi([{ ...SUCCESS, headers }], async ({ client, clock }) => {
      for (let calls = 0; calls < 4; calls++) await readValue(client);
      assert.deepEqual(clock.sleeps, []);
    });
  });

  test("Calls are spaced to 3.5 per second, or slower, when few are left", async () => {
    const headers = { ratelimit: '"default";r=200;t=10', "ratelimit-policy": '"default";q=1200;w=300' };
    await withApi([{ ...SUCCESS, headers }], async ({ client, clock }) => {
      for (let calls = 0; calls < 4; calls++) await readValue(client);
      assert.deepEqual(clock.sleeps, [285, 285]);
    });
    const scarce = { ratelimit: '"default";r=20;t=40', "ratelimit-policy": '"default";q=1200;w=300' };
    await withApi([{ ...SUCCESS, headers: scarce }], async ({ client, clock }) => {
      for (let calls = 0; calls < 3; calls++) await readValue(client);
      assert.deepEqual(clock.sleeps, [2000]);
    });
  });

  test("No call is sent when none is left, until the limit is reset", async () => {
    const headers = { ratelimit: '"default";r=0;t=20', "ratelimit-policy": '"default";q=1200;w=300' };
    await withApi([{ ...SUCCESS, headers }, SUCCESS], async ({ client, clock, requests }) => {
      await readValue(client);
      await readValue(client);
      assert.deepEqual(clock.sleeps, [20_000]);
      assert.equal(requests.length, 2);
    });
  });
});
