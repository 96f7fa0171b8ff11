import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runResume, runRollback } from "../../sync/commands/publications/rollback.ts";
import type { ControllerHarness } from "../support/controller/controller-harness.ts";
import { withHarness } from "../support/controller/controller-harness.ts";
import {
  buildChangedRoutes,
  INITIAL_ROUTES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, withNginxPrefix } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const OPTIONS = { yes: true, maxRemovedHosts: 10, allowMassDeletion: false };
const PEOPLE = { GITHUB_ACTOR: "ann" };

async function rollBackTo(generation: number, harness: ControllerHarness, options = OPTIONS) {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  const confirm = () => assert.fail("it asks");
  const code = await runRollback(generation, options, { ...harness.environment, ...PEOPLE }, print, confirm);
  return { code, lines };
}

async function resumeNow({ environment }: ControllerHarness): Promise<string[]> {
  const lines: string[] = [];
  await runResume(environment, (line) => lines.push(line));
  return lines;
}

/** Publishes generation 1 with the initial routes, and generation 2 with the path /two. */
async function publishTwo(harness: ControllerHarness) {
  const controller = await startPublishedController(harness);
  assert.equal(harness.generation(), 1);
  await publishShopPath(harness, "/two");
  assert.equal(harness.generation(), 2);
  return controller;
}

describe("a rollback", { concurrency: 2 }, () => {
  test(
    "A rollback writes one manifest and no shard, and the controller does not undo it until resume",
    withHarness(async (harness) => {
      const controller = await publishTwo(harness);
      const from = harness.account.requests.length;
      const { code, lines } = await rollBackTo(1, harness);
      assert.equal(code, 0);
      assert.deepEqual(harness.accountWrites(from), ["PUT generation/3", "PUT current"]);
      assert.deepEqual(lines, [
        "~ host shop.example.com",
        "  + prefix / of default/shop",
        "      backend: default/web:80",
        "      addresses of default/web:80: http port 80: 203.0.113.10",
        "  - prefix /two of default/shop",
        "rollback from generation 2 to 1: hosts +0 ~1 -0, routes +1 ~0 -1",
        "published generation=3 rollback=1 writes=2",
        "changes of the cluster are not published until: edgress resume",
      ]);
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
      const result = await controller.sync();
      assert.equal(result.type === "completed" && result.outcome.type, "pinned");
      await controller.sync();
      assert.deepEqual(harness.accountWrites(from), ["PUT generation/3", "PUT current"]);
      assert.equal(harness.generation(), 3);
      assert.equal(await controller.metric("edgress_pinned_generation"), 3);
      assert.ok(
        controller.hasLogged(/pinned generation=3 rollback=1 by=ann; nothing is published until edgress resume/),
      );
      assert.equal(controller.hasLogged(/sync failed/), false);
      await harness.waitForEvent("ChangePinned Ingress default/shop");

      assert.deepEqual(await resumeNow(harness), [
        "published generation=4 writes=2",
        "the controller, or `edgress publish`, publishes changes again",
      ]);
      await controller.sync();
      await harness.waitForRoutes(...buildChangedRoutes("/two"));
      assert.equal(harness.generation(), 5);
      assert.equal(await controller.metric("edgress_pinned_generation"), 0);
      assert.ok(controller.hasLogged(/resumed generation=3/));
      assert.deepEqual(await resumeNow(harness), ["no generation is pinned, and no candidate was aborted"]);
    }),
  );

  test(
    "A changed Ingress waits for resume, and so does a controller that starts meanwhile",
    withHarness(async (harness) => {
      const controller = await publishTwo(harness);
      await rollBackTo(1, harness);
      harness.apply(buildIngressManifest("blog", "blog.example.com", { "/": "web", "/new": "web" }));
      await harness.waitForEvent("ChangePinned Ingress default/blog");
      await controller.stop();
      const second = await harness.start();
      await second.waitForResult("completed");
      assert.ok(second.hasLogged(/pinned generation=3 rollback=1 by=ann/));
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
      await resumeNow(harness);
      await second.sync();
      await harness.waitForRoutes(
        "blog.example.com / -> default/web:80",
        "blog.example.com /new -> default/web:80",
        "docs.example.com / -> default/web:80",
        "shop.example.com /two -> default/web:80",
      );
    }),
  );

  test(
    "A guard that the cluster adds during a rollback is reported by Event, metric and log",
    withHarness(async (harness) => {
      const controller = await publishTwo(harness);
      await rollBackTo(1, harness);
      await controller.sync();
      const annotations = withNginxPrefix({ "whitelist-source-range": "192.0.2.0/24" });
      harness.apply(buildIngressManifest("blog", "blog.example.com", { "/": "web" }, annotations));
      await harness.waitForEvent("GuardNotPublished Ingress default/blog");
      const text = await controller.exposition();
      assert.match(text, /edgress_diagnostics\{reason="GuardNotPublished",severity="error"\} 1/);
      assert.ok(controller.hasLogged(/guards are not published: blog\.example\.com prefix \/ \(authorization\)/));
    }),
  );

  test(
    "A rollback that was interrupted before its last write is completed by the controller, and stays pinned",
    withHarness(async (harness) => {
      const controller = await publishTwo(harness);
      await controller.stop();
      harness.kv.remainingWrites = 1;
      await assert.rejects(rollBackTo(1, harness));
      harness.kv.remainingWrites = Number.POSITIVE_INFINITY;
      assert.equal(harness.generation(), 2);
      const second = await harness.start();
      await waitFor(() => harness.generation() === 4, 20_000);
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
      await second.sync();
      assert.equal(await second.metric("edgress_pinned_generation"), 4);
    }),
  );

  test(
    "A rollback that would remove 11 hosts needs --allow-mass-deletion, and one to an absent generation is refused",
    withHarness(async (harness) => {
      const controller = await publishTwo(harness);
      const hosts = Array.from({ length: 12 }, (_, index) => `many-${index}.example.com`);
      harness.apply(...hosts.map((host, index) => buildIngressManifest(`many-${index}`, host, { "/": "web" })));
      await waitFor(async () => (await harness.routes()).length === 15, 20_000);
      await controller.sync();
      const generation = harness.generation();
      await assert.rejects(rollBackTo(1, harness), {
        message:
          "rollback removes too much: 12 hosts would lose their last route; the limit is 10 per sync (namespace default). Review it, then use --allow-mass-deletion",
      });
      await assert.rejects(rollBackTo(99, harness), {
        message: `generation not found: 99. History has 1 to ${generation}`,
      });
      assert.equal(harness.generation(), generation);
      await rollBackTo(1, harness, { ...OPTIONS, allowMassDeletion: true });
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
    }),
  );
});
