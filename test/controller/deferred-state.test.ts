import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSigner } from "../../sync/publish/sign-manifest.ts";
import { readState } from "../../sync/publish/state/state.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { publishShopPath, startPublishedController, withPathType } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const HOUR_MS = 3_600_000;

/** Returns the kinds of the keys that were written since number `from`: "shard", "state". */
function listWrites({ kv }: ControllerHarness, from: number): string[] {
  return kv.writtenKeys.slice(from).map((key) => (key.startsWith("state/") ? "state blob" : key.replace(/\/.*/, "")));
}

/** Returns the paths of the Ingresses in the stored state. */
async function readStoredPaths({ kv, keys }: ControllerHarness): Promise<(string | undefined)[]> {
  const { ingresses } = await readState(kv, createSigner(keys.privateKey));
  return ingresses.flatMap(({ rules }) => rules.flatMap(({ paths }) => paths.map(({ path }) => path)));
}

describe("writes of the controller state", { concurrency: 4 }, () => {
  test(
    "A changed Ingress writes a shard, the history copy and the manifest, and the state follows at shutdown",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { stateDelayMs: HOUR_MS });
      await controller.sync();
      const from = harness.kv.writtenKeys.length;
      await publishShopPath(harness, "/new");
      await controller.sync();
      assert.deepEqual(listWrites(harness, from), ["shard", "generation", "current"]);
      await controller.stop();
      assert.deepEqual(listWrites(harness, from), ["shard", "generation", "current", "state blob", "state"]);
    }),
  );

  test(
    "Without a further change the state follows after the delay",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { stateDelayMs: 1000 });
      const from = harness.kv.writtenKeys.length;
      for (const path of ["/1", "/2", "/3"]) await publishShopPath(harness, path);
      await waitFor(async () => {
        await controller.sync();
        return (await readStoredPaths(harness)).includes("/3");
      });
      assert.equal(listWrites(harness, from).filter((kind) => kind === "current").length, 3);
    }),
  );

  test(
    "The last good version of an Ingress that breaks is stored at once, also after earlier failed syncs",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { stateDelayMs: HOUR_MS });
      await publishShopPath(harness, "/new");
      harness.account.faults = { ...harness.account.faults, serverErrors: 5 };
      await controller.sync();
      harness.apply(withPathType(buildIngressManifest("shop", "shop.example.com", { "/other": "web" }), "Regex"));
      await controller.waitForLog(/ServingLastGood/);
      controller.kill();
      harness.deleteLease();
      const next = await harness.start({ stateDelayMs: HOUR_MS });
      await next.sync();
      assert.ok((await harness.routes()).includes("shop.example.com /new -> default/web:80"));
    }),
  );
});
