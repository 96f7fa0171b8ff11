import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Cloudflare from "cloudflare";
import { withCallRules } from "../../sync/cloudflare/call-rules.ts";
import { createApiClient, isOutcomeUnknown } from "../../sync/cloudflare/client.ts";
import { createManualClock } from "../support/cloudflare/manual-clock.ts";
import { buildFailure, SUCCESS, startScriptedApi } from "../support/cloudflare/scripted-api.ts";
import { postBatch, putValue, readValue, withApi } from "../support/cloudflare/test-client.ts";

const isTimeout = (error: unknown) => error instanceof Cloudflare.APIConnectionTimeoutError;

describe("retries of API calls", () => {
  test("A read and a repeatable write are retried after 500, 429 and a hang, with doubled waits", async () => {
    const answers = [buildFailure(500, 10001), {}, buildFailure(429, 971), { status: 502, body: "<html>" }, SUCCESS];
    for (const call of [readValue, putValue]) {
      await withApi(answers, async ({ client, clock, requests }) => {
        await call(client);
        assert.equal(requests.length, 5);
        assert.deepEqual(clock.sleeps, [500, 1000, 2000, 4000]);
      });
    }
  });

  test("A call ends after five attempts with the last response", async () => {
    await withApi([buildFailure(500, 10001)], async ({ client, requests }) => {
      await assert.rejects(putValue(client), { status: 500 });
      assert.equal(requests.length, 5);
    });
  });

  test("A batch that may be done is sent once, and its outcome is unknown", async () => {
    for (const answer of [buildFailure(500, 10001), {}, { status: 200, body: '{"success": tr' }]) {
      await withApi([answer, SUCCESS], async ({ client, requests }) => {
        await assert.rejects(postBatch(client), (error) => isOutcomeUnknown(error));
        assert.equal(requests.length, 1);
      });
    }
  });

  test("A batch that was rejected with 429 is sent again", async () => {
    await withApi([buildFailure(429, 971), SUCCESS], async ({ client, requests }) => {
      await postBatch(client);
      assert.equal(requests.length, 2);
    });
  });

  test("A batch without a connection is retried, because it was not sent", async () => {
    const api = await startScriptedApi([SUCCESS]);
    await api.close();
    const clock = createManualClock();
    const client = createApiClient({ apiToken: "token", baseURL: api.baseURL, clock });
    await assert.rejects(postBatch(client), Cloudflare.APIConnectionError);
    assert.equal(clock.sleeps.length, 4);
  });

  test("A rejected call is not retried, and its outcome is known", async () => {
    for (const status of [400, 401, 403, 404, 409]) {
      await withApi([buildFailure(status, 10000)], async ({ client, requests }) => {
        await assert.rejects(putValue(client), (error) => !isOutcomeUnknown(error));
        assert.equal(requests.length, 1);
      });
    }
  });

  test("A page of HTML and cut off JSON are faults, and no empty answer", async () => {
    const html = { status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" };
    for (const answer of [html, { status: 200, body: '{"result": [' }, { status: 200, body: "" }]) {
      await withApi([answer], async ({ client }) => {
        await assert.rejects(
          client.zones.list().then(() => {}),
          { status: 502 },
        );
      });
    }
  });
});

describe("the deadline of API calls", () => {
  test("A call without a response ends with its deadline", async () => {
    await withApi([{}], async ({ client, requests }) => {
      const rules = { attemptTimeoutMs: 50, maxAttempts: 1 };
      await assert.rejects(
        withCallRules(rules, () => readValue(client)),
        isTimeout,
      );
      assert.equal(requests.length, 1);
    });
  });

  test("Waits and retries end with the deadline", async () => {
    await withApi([buildFailure(500, 10001)], async ({ client, clock, requests }) => {
      await assert.rejects(
        withCallRules({ deadlineMs: 2000 }, () => readValue(client)),
        { status: 500 },
      );
      assert.equal(requests.length, 3);
      assert.deepEqual(clock.sleeps, [500, 1000]);
    });
  });

  test("A retry-after of up to 30 s is waited for; a longer one ends the call, and nothing is sent meanwhile", async () => {
    await withApi([buildFailure(429, 971, { "retry-after": "7" }), SUCCESS], async ({ client, clock }) => {
      await putValue(client);
      assert.deepEqual(clock.sleeps, [7000]);
    });
    await withApi([buildFailure(429, 971, { "retry-after": "300" }), SUCCESS], async ({ client, clock, requests }) => {
      await assert.rejects(putValue(client), { status: 429 });
      await assert.rejects(putValue(client), { status: 429, message: /the next one is possible in 300 s/ });
      assert.equal(requests.length, 1);
      assert.deepEqual(clock.sleeps, []);
      await clock.sleep(300_000, new AbortController().signal);
      await putValue(client);
      assert.equal(requests.length, 2);
    });
  });
});
