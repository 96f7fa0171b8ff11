import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFaultPlan, type FaultPlan } from "../../../sync/local/account/fault-injection.ts";
import { formatOutcome, type KvAccount, withKvAccount } from "../../support/account/kv-account.ts";

/** Writes a key with a fault. Returns the response, and whether the key is written. */
async function writeWith({ account, send }: KvAccount, faults: Partial<FaultPlan>) {
  account.faults = { ...createFaultPlan(), ...faults };
  const response = await send("PUT /values/key", "1");
  return { ...response, isWritten: (await send("GET /values/key")).status === 200 };
}

describe("faults of the local account", () => {
  test("A 502 with a page of HTML changes nothing", async () => {
    await withKvAccount({}, async (kv) => {
      const { status, headers, text, isWritten } = await writeWith(kv, { htmlErrors: 1 });
      assert.deepEqual([status, headers.get("content-type"), isWritten], [502, "text/html", false]);
      assert.match(text, /^<html>/);
    });
  });

  test("A 403 for a valid token changes nothing, and the next call succeeds", async () => {
    await withKvAccount({}, async (kv) => {
      const { isWritten, ...response } = await writeWith(kv, { forbidden: 1 });
      assert.deepEqual([formatOutcome(response), isWritten], ["403 10000", false]);
      assert.equal(formatOutcome(await kv.send("PUT /values/key", "1")), "200");
    });
  });

  test("A response that is cut off or empty follows a write that is carried out", async () => {
    await withKvAccount({}, async (kv) => {
      const truncated = await writeWith(kv, { truncatedAnswers: 1 });
      assert.deepEqual([truncated.status, truncated.json, truncated.isWritten], [200, undefined, true]);
      assert.match(truncated.text, /^\{"success":true/);
      await kv.send("DELETE /values/key");
      const empty = await writeWith(kv, { emptyAnswers: 1 });
      assert.deepEqual([empty.status, empty.text, empty.isWritten], [200, "", true]);
    });
  });

  test("A write whose answer is lost is carried out although the caller times out", async () => {
    await withKvAccount({}, async ({ account, send }) => {
      account.faults = { ...createFaultPlan(), lostAnswers: 1, requestPattern: /^PUT / };
      const { baseURL, accountId, namespaceId, token } = account;
      const put = fetch(`${baseURL}/accounts/${accountId}/storage/kv/namespaces/${namespaceId}/values/key`, {
        method: "PUT",
        body: "1",
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(100),
      });
      await assert.rejects(put, { name: "TimeoutError" });
      assert.equal((await send("GET /values/key")).text, "1");
    });
  });
});
