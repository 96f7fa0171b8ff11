import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { generationKey } from "../../src/rules/kv-keys.ts";
import { loadAccount } from "../../sync/commands/account-from-env.ts";
import { STRICT_KV_RULES } from "../../sync/local/account/kv/kv-rules.ts";
import { createSigner } from "../../sync/publish/sign-manifest.ts";
import { listBlobKeys } from "../../sync/publish/storage/manifest-blobs.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { applyShopPath, publishShopPath, startPublishedController } from "../support/controller/published-ingresses.ts";
import { listHistory } from "../support/publish/sample-rules.ts";

const WAITING = /waiting for the reserved generation in KV reserved=2 current=1/;

/** The clock of the account. It stands still, so that a stale read stays stale until the test moves it. */
function createClock() {
  const clock = { now: Date.now() };
  return { clock, options: { now: () => clock.now } };
}

/** Makes KV repeat its present answers for 60 s. With two locations, the number of calls would decide which reads are stale. */
async function freezeReads({ account, environment }: ControllerHarness): Promise<void> {
  account.kv.rules = { ...STRICT_KV_RULES, locations: 1, limitsWriteRate: false };
  const { kv } = loadAccount(environment, []);
  await kv.get("current");
  await kv.list("generation/");
}

/** Makes each write of generation 2 fail. Resolves at the first one. */
function failSecondGeneration({ kv }: ControllerHarness): Promise<void> {
  const put = kv.put.bind(kv);
  return new Promise((resolve) => {
    kv.put = async (entries) => {
      if (entries.some(({ key }) => key === generationKey(2))) {
        resolve();
        throw new Error("KV is down");
      }
      await put(entries);
    };
  });
}

describe("a restart while reads of KV are stale", { concurrency: 2 }, () => {
  const { clock, options } = createClock();
  test(
    "A controller that restarts within the stale time publishes above the generation that KV does not show",
    withHarness(async (harness) => {
      const first = await startPublishedController(harness);
      await first.stop();
      const second = await harness.start();
      await second.sync();
      await freezeReads(harness);
      await publishShopPath(harness, "/unseen");
      await second.stop();
      const unseenBytes = harness.kv.values.get(generationKey(2)) ?? assert.fail("generation 2 was not published");
      const unseen = JSON.parse(createSigner(harness.keys.privateKey).verify(unseenBytes) ?? "{}");
      applyShopPath(harness, "/next");
      const third = await harness.start();
      await third.waitForLog(WAITING);
      assert.equal(harness.generation(), 2);
      clock.now += 61_000;
      await harness.waitForRoutes(
        "blog.example.com / -> default/web:80",
        "docs.example.com / -> default/web:80",
        "shop.example.com /next -> default/web:80",
      );
      assert.deepEqual(await listHistory(harness.kv), [3, 2, 1]);
      assert.equal(harness.kv.values.get(generationKey(2)), unseenBytes);
      for (const key of listBlobKeys(unseen)) assert.ok(harness.kv.values.has(key), key);
      assert.equal(third.hasLogged(/sync failed/), false);
    }, options),
  );

  test(
    "After a crash between the reservation and the publication, the next leader does not use the reserved number",
    withHarness(async (harness) => {
      const first = await startPublishedController(harness);
      const failure = failSecondGeneration(harness);
      applyShopPath(harness, "/lost");
      await failure;
      first.kill();
      const next = await harness.start({ leaseSpeed: 20 });
      await next.waitForLog(WAITING);
      await next.waitForLog(/reserved generation not found in KV reserved=2 current=1 seconds=120/);
      await harness.waitForRoutes(
        "blog.example.com / -> default/web:80",
        "docs.example.com / -> default/web:80",
        "shop.example.com /lost -> default/web:80",
      );
      assert.deepEqual(await listHistory(harness.kv), [3, 1]);
    }),
  );

  test(
    "A leader whose publication failed retries at once, above the reserved number",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const failure = failSecondGeneration(harness);
      applyShopPath(harness, "/retried");
      await failure;
      await harness.waitForRoutes(
        "blog.example.com / -> default/web:80",
        "docs.example.com / -> default/web:80",
        "shop.example.com /retried -> default/web:80",
      );
      assert.deepEqual(await listHistory(harness.kv), [3, 1]);
      assert.equal(controller.hasLogged(/waiting for the reserved/), false);
    }),
  );
});
