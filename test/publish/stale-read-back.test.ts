import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createKv } from "../../sync/cloudflare/kv.ts";
import { FAST_KV_RULES } from "../../sync/local/account/kv/kv-rules.ts";
import { writeBlobs } from "../../sync/publish/blobs.ts";
import { withKvAccount } from "../support/account/kv-account.ts";

test("A blob that KV shows as absent after its write is waited for, and not written again", async () => {
  const kvRules = { ...FAST_KV_RULES, stalenessMs: 600, limitsWriteRate: true };
  await withKvAccount({ kvRules, now: Date.now }, async ({ account }) => {
    const { token: apiToken, baseURL, accountId, namespaceId } = account;
    const kv = createKv(createApiClient({ apiToken, baseURL }), accountId, namespaceId, 20);
    assert.equal((await kv.getMany(["shard/a"])).size, 0);
    await writeBlobs(kv, new Map([["shard/a", "1"]]), "shards");
    assert.equal(await kv.get("shard/a"), "1");
    const methods = account.requests.map(({ method }) => method);
    assert.equal(methods.filter((method) => method === "PUT").length, 1);
    assert.ok(methods.filter((method) => method === "POST").length > 3, "the blob is read several times");
  });
});
