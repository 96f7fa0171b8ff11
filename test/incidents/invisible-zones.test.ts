import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FaultKind, startFaultyApi } from "../support/cloudflare/faulty-api.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import {
  applyShopPath,
  buildChangedRoutes,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";

/** Restarts the controller with an API that answers calls like this. */
async function restartBehind(harness: ControllerHarness, decide: (line: string) => FaultKind) {
  await (await startPublishedController(harness)).stop();
  const api = await startFaultyApi(harness.account);
  api.decide = decide;
  const controller = await harness.start({ environment: { ...harness.environment, CLOUDFLARE_BASE_URL: api.baseURL } });
  return { api, controller };
}

const listRecords = ({ account }: ControllerHarness) => account.records("example.com").map(({ content }) => content);

describe("incident: the API token does not show the zones", { concurrency: 2 }, () => {
  test(
    "A zone that is missing from the list keeps its routes, backends and records, and changes are published",
    withHarness(async (harness) => {
      const isZoneList = (line: string) => line === "GET /zones";
      const { api, controller } = await restartBehind(harness, (line) => (isZoneList(line) ? "empty-list" : "pass"));
      applyShopPath(harness, "/new");
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
      assert.equal((await controller.sync()).type, "completed");
      const { hosts, manifest } = await harness.readPublished();
      assert.deepEqual(manifest?.zones, ["example.com"]); // the edge finds the records of origins by zone
      const backends = hosts.flatMap((host) => Object.values(host.backends));
      assert.deepEqual(
        backends.map(({ addresses }) => addresses.length),
        [1, 1, 1],
      );
      assert.deepEqual(listRecords(harness), ["203.0.113.10"]);
      assert.ok(api.calls.every((line) => !line.includes("/dns_records")));
      await controller.stop();
      await api.close();
    }),
  );

  test(
    "An API that answers 403 to every call changes nothing, and the next sync publishes",
    withHarness(async (harness) => {
      let fault: FaultKind = "forbidden";
      const { api, controller } = await restartBehind(harness, () => fault);
      const before = [...harness.kv.values];
      applyShopPath(harness, "/new");
      await controller.waitForResult("failed");
      assert.deepEqual([...harness.kv.values], before);
      assert.deepEqual(listRecords(harness), ["203.0.113.10"]);
      fault = "pass";
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
      await controller.stop();
      await api.close();
    }),
  );
});
