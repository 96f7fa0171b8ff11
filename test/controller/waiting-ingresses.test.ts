import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { startPublishedController, WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

interface EventObject {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

/** Returns the Ingress and message of each Event of a failed sync. */
function listFailureEvents({ server }: ControllerHarness): string[] {
  return (server.objects("Event") as unknown as EventObject[])
    .filter(({ reason }) => reason === "SyncFailed")
    .map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`)
    .toSorted();
}

const REST = "the edge serves the last published rules, and the controller retries";

describe("The owners of Ingresses while syncs fail", () => {
  test(
    "A new and a changed Ingress get one Event each, an unchanged one none, and retries repeat no Event",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      harness.account.faults = { ...harness.account.faults, serverErrors: 100_000 };
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }),
        buildIngressManifest("new", "new.example.com", { "/": "web" }),
      );
      const countFailures = () => controller.results.filter(({ type }) => type === "failed").length;
      await waitFor(() => countFailures() >= 4, 30_000);
      const cause = "not published yet, because syncs fail: Cloudflare's API answers 500";
      assert.deepEqual(listFailureEvents(harness), [`new: ${cause}; ${REST}`, `shop: ${cause}; ${REST}`]);

      harness.account.faults = { ...harness.account.faults, serverErrors: 0 };
      await harness.waitUntilLive("new");
      await controller.sync();
      assert.equal(listFailureEvents(harness).length, 2);
    }),
  );

  test(
    "After a restart with an invalid token, an Ingress that was never live gets an Event without the text of the API",
    withHarness(async (harness) => {
      const first = await startPublishedController(harness);
      await first.stop();
      harness.apply(WEB_SERVICE, buildIngressManifest("new", "new.example.com", { "/": "web" }));
      const environment = { ...harness.environment, CLOUDFLARE_API_TOKEN: "expired" };
      await harness.start({ environment });
      await harness.waitForEvent("SyncFailed Ingress default/new");
      const [event, ...others] = listFailureEvents(harness);
      assert.match(event ?? "", /^new: not published yet, because syncs fail: Cloudflare's API answers 40[0-3]; /);
      assert.deepEqual(others, []);
    }),
  );

  test(
    "A single failure writes no Event",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      // The client of the API sends a request five times.
      harness.account.faults = { ...harness.account.faults, serverErrors: 5 };
      harness.apply(buildIngressManifest("new", "new.example.com", { "/": "web" }));
      await harness.waitUntilLive("new");
      assert.equal(controller.results.filter(({ type }) => type === "failed").length, 1);
      assert.deepEqual(listFailureEvents(harness), []);
    }),
  );
});
