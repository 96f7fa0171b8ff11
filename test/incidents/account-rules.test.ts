import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { sendApiRequest } from "../support/account/send-api-request.ts";
import { withHarness } from "../support/controller/controller-harness.ts";
import {
  applyShopPath,
  buildChangedRoutes,
  INITIAL_ROUTES,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";

describe("incident: Cloudflare rejects valid calls or loses its answers", { concurrency: 4 }, () => {
  test(
    "Nothing is removed while every call is a 403, and a later sync publishes",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      harness.account.faults = { ...createFaultPlan(), forbidden: 1000 };
      applyShopPath(harness, "/new");
      await controller.waitForResult("failed");
      await harness.waitForRoutes(...INITIAL_ROUTES);
      harness.account.faults = createFaultPlan();
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
    }),
  );

  test(
    "A batch of shards whose answer is cut off, empty or a page of HTML is published once",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      const requestPattern = /PUT .*\/(values\/shard|bulk)/;
      const faults = { truncatedAnswers: 1, emptyAnswers: 1, htmlErrors: 1 };
      harness.account.faults = { ...createFaultPlan(), ...faults, requestPattern };
      applyShopPath(harness, "/new");
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
      assert.equal(harness.generation(), 2);
      assert.deepEqual((await harness.readPublished()).missingShards, []);
    }),
  );

  test(
    "A manifest whose answer is lost after it is written leads to one generation",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      const requestPattern = /PUT .*\/values\/current/;
      harness.account.faults = { ...createFaultPlan(), lostAnswers: 1, requestPattern };
      applyShopPath(harness, "/new");
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
      assert.equal(harness.generation(), 2);
    }),
  );

  test(
    "The last generation stays after the daily writes of the Free plan are used up",
    withHarness(
      async (harness) => {
        const controller = await startPublishedController(harness);
        await useUpWrites(harness.account);
        applyShopPath(harness, "/new");
        await controller.waitForResult("failed");
        await harness.waitForRoutes(...INITIAL_ROUTES);
      },
      { workersPlan: "free" },
    ),
  );
});

/** Writes single keys until the account rejects one. */
async function useUpWrites(account: { baseURL: string; accountId: string; namespaceId: string; token: string }) {
  const headers = { authorization: `Bearer ${account.token}`, "content-type": "application/json" };
  const line = `PUT /accounts/${account.accountId}/storage/kv/namespaces/${account.namespaceId}/bulk`;
  for (const size of [900, 50, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) {
    let status = 200;
    while (status === 200) {
      const pairs = Array.from({ length: size }, (_, i) => ({ key: `filler/${i}`, value: "1" }));
      ({ status } = await sendApiRequest(account, line, headers, JSON.stringify(pairs)));
    }
    assert.equal(status, 429);
  }
}
