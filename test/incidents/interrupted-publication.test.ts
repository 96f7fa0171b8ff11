import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Controller, NAMESPACE } from "../support/controller/controller.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import {
  applyShopPath,
  buildChangedRoutes,
  INITIAL_ROUTES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

describe("incident: a publication is interrupted", { concurrency: 6 }, () => {
  type StepMatcher = (step: string, harness: ControllerHarness) => boolean;
  const steps: readonly (readonly [moment: string, StepMatcher])[] = [
    ["between the blobs of the controller state and the state", (step) => step.startsWith("after put state/")],
    ["between the controller state and the DNS record", (step) => step === "after put state"],
    ["between the DNS record and the shards", (_, { account }) => account.records("example.com").length === 2],
    ["between the shards and the history copy", (step) => step.startsWith("after put shard/")],
    ["between the history copy and the current manifest", (step) => step.startsWith("after put generation/")],
    ["between the current manifest and the reports", (step) => step === "after put current"],
  ];
  for (const [moment, matchesStep] of steps) {
    test(
      `A controller that is killed ${moment} leaves a whole generation, and its restart completes the publication`,
      withHarness(async (harness) => {
        const controller = await startPublishedController(harness);
        let isKilled = false;
        harness.onKvStep = (step) => {
          if (isKilled || !matchesStep(step, harness)) return;
          isKilled = true;
          controller.kill();
          throw new Error("killed");
        };
        harness.apply(
          buildServiceManifest("new", ["203.0.113.20"]),
          buildIngressManifest("new", "new.example.com", { "/": "new" }),
        );
        await waitFor(() => isKilled);
        const publishedRoutes = await harness.routes();
        const newRoutes = [...INITIAL_ROUTES, "new.example.com / -> default/new:80"].toSorted();
        assert.ok(
          [INITIAL_ROUTES, newRoutes].some((routes) => JSON.stringify(routes) === JSON.stringify(publishedRoutes)),
          publishedRoutes.join("\n"),
        );
        harness.deleteLease();
        await harness.start();
        await harness.waitForRoutes(...newRoutes);
        await harness.waitUntilLive("new");
        const addresses = harness.account.records("example.com").map(({ content }) => content);
        assert.deepEqual(addresses.toSorted(), ["203.0.113.10", "203.0.113.20"]);
        const { missingShards } = await harness.readPublished();
        assert.deepEqual(missingShards, []);
      }),
    );
  }

  test(
    "A former leader writes nothing more of its current sync, and the rules of the new leader stay",
    withHarness(async (harness) => {
      const formerLeader = await startPublishedController(harness);
      const newLeader = await harness.start();
      await newLeader.waitForResult("standby");
      const { promise: suspension, resolve: resume } = Promise.withResolvers<void>();
      let isSuspended = false;
      harness.onKvStep = (step) => {
        if (isSuspended || !step.startsWith("after put shard/")) return;
        isSuspended = true;
        return suspension;
      };
      applyShopPath(harness, "/old");
      await waitFor(() => isSuspended);
      transferLease(newLeader, harness);
      await publishShopPath(harness, "/new");
      await waitFor(() => !formerLeader.isLeader());
      const from = harness.kv.writtenKeys.length;
      const syncs = formerLeader.results.length;
      resume();
      await waitFor(() => formerLeader.results.length > syncs);
      assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
      assert.equal(formerLeader.results[syncs]?.type, "failed");
      await formerLeader.sync();
      assert.equal(formerLeader.results.at(-1)?.type, "standby");
      assert.deepEqual(await harness.routes(), buildChangedRoutes("/new"));
    }),
  );
});

/** Writes another holder to the Lease, as if the leader had not renewed it in time. */
function transferLease({ identity }: Controller, { server }: ControllerHarness): void {
  const [lease] = server.objects("Lease", NAMESPACE);
  assert.ok(lease);
  const { leaseTransitions, ...spec } = lease.spec as { leaseTransitions: number };
  server.apply({ ...lease, spec: { ...spec, holderIdentity: identity, leaseTransitions: leaseTransitions + 1 } });
}
