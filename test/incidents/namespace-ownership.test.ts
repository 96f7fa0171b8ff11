import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { STATE_KEY } from "../../sync/publish/state/state.ts";
import type { Controller } from "../support/controller/controller.ts";
import {
  type ControllerHarness,
  startControllerHarness,
  withHarness,
} from "../support/controller/controller-harness.ts";
import {
  applyShopPath,
  INITIAL_ROUTES,
  startPublishedController,
  WEB_SERVICE,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

function listErrors({ lines }: Controller): string[] {
  const records = lines.map((line) => JSON.parse(line) as { level: string; msg: string });
  return records.filter(({ level }) => level === "error").map(({ msg }) => msg);
}

/** Runs a second cluster whose controller writes to the KV namespace of the first cluster. */
async function withSecondCluster(
  harness: ControllerHarness,
  run: (secondHarness: ControllerHarness) => Promise<void>,
  keys = harness.keys,
): Promise<void> {
  const secondHarness = await startControllerHarness({ kv: harness.kv, keys });
  try {
    secondHarness.apply(WEB_SERVICE, buildIngressManifest("theirs", "theirs.example.com", { "/": "web" }));
    await run(secondHarness);
  } finally {
    await secondHarness.close();
  }
}

describe("incident: two controllers write to one KV namespace", { concurrency: 6 }, () => {
  test(
    "A controller of another cluster is rejected with one error, writes nothing and reports nothing as live",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      await withSecondCluster(harness, async (secondHarness) => {
        const from = harness.kv.writtenKeys.length;
        const controller = await secondHarness.start();
        await controller.waitForResult("failed");
        assert.match(
          listErrors(controller)[0] ?? "",
          /^sync failed: this KV namespace belongs to another cluster: [0-9a-f-]{36} \(this cluster is [0-9a-f-]{36}\)\. Use a separate KV namespace for this cluster, or take ownership with --take-ownership; the edge serves the last published rules$/,
        );
        assert.equal(harness.kv.writtenKeys.length, from);
        assert.deepEqual(secondHarness.accountWrites(), []);
        assert.deepEqual(secondHarness.clusterWrites(), []);
      });
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A controller with another signing key is rejected with one error, and writes nothing",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      await withSecondCluster(
        harness,
        async (secondHarness) => {
          const from = harness.kv.writtenKeys.length;
          const controller = await secondHarness.start();
          await controller.waitForResult("failed");
          assert.match(
            listErrors(controller)[0] ?? "",
            /^sync failed: the published manifest is not signed with EDGRESS_SIGNING_KEY, so the Worker's EDGRESS_VERIFYING_KEY would reject this publication/,
          );
          assert.equal(harness.kv.writtenKeys.length, from);
        },
        generateSigningKeys(),
      );
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A controller with --take-ownership publishes its rules, and the former owner is rejected from then on",
    withHarness(async (harness) => {
      const firstController = await startPublishedController(harness);
      await withSecondCluster(harness, async (secondHarness) => {
        await secondHarness.start({ takeOwnership: true, allowMassDeletion: true });
        await secondHarness.waitForRoutes("theirs.example.com / -> default/web:80");
        applyShopPath(harness, "/new");
        for (let syncs = 0; syncs < 3; syncs++) assert.equal((await firstController.sync()).type, "failed");
        assert.match(listErrors(firstController).at(-1) ?? "", /belongs to another cluster/);
        await secondHarness.waitForRoutes("theirs.example.com / -> default/web:80");
      });
    }),
  );

  for (const [subject, key, supportedFormat] of [
    ["Controller state", STATE_KEY, 2],
    ["A manifest", CURRENT_KEY, 4],
  ] as const) {
    test(
      `${subject} of an unknown format is rejected with one error, and overwritten only with --take-ownership`,
      withHarness(async (harness) => {
        await (await startPublishedController(harness)).stop();
        const signer = createSigner(harness.keys.privateKey);
        const { format, ...fields } = JSON.parse(signer.verify(harness.kv.values.get(key) ?? "") ?? "{}") as {
          format: number;
        };
        assert.equal(format, supportedFormat);
        const newerValue = signer.sign(JSON.stringify({ ...fields, format: supportedFormat + 1, novelty: true }));
        harness.kv.values.set(key, newerValue);
        const from = harness.kv.writtenKeys.length;
        applyShopPath(harness, "/new");
        const controller = await harness.start();
        await controller.waitForResult("failed");
        for (let syncs = 0; syncs < 3; syncs++) assert.equal((await controller.sync()).type, "failed");
        assert.match(
          listErrors(controller)[0] ?? "",
          /^sync failed: .* of a newer version(: format 5, supported 4)?\. .*--take-ownership; the edge serves the last published rules$/,
        );
        assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
        assert.equal(harness.kv.values.get(key), newerValue);
        await controller.stop();
        await harness.start({ takeOwnership: true });
        await waitFor(async () =>
          (await harness.routes().catch((): string[] => [])).includes("shop.example.com /new -> default/web:80"),
        );
      }),
    );
  }
});
