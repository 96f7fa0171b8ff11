import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import { type ControllerHarness, startControllerHarness } from "../support/controller/controller-harness.ts";
import {
  type ControllerProcess,
  DEPLOYED_NODE_OPTIONS,
  startControllerProcess,
} from "../support/controller/controller-process.ts";
import { buildHugeIngress, buildTenant, LARGEST_REGEXES, SLOWEST_CHECKS } from "../support/hostile-objects.ts";
import { waitFor } from "../support/wait-for.ts";

const GIBIBYTE = 1024 ** 3;
const REJECTED_ADDRESS = "203.0.113.66"; // by this account, as Cloudflare rejects addresses that no list contains
const ADDRESSES = Array.from({ length: 256 }, (_, index) => `198.51.${Math.floor(index / 200)}.${index % 200}`);

/** Runs `edgress sync` with the memory of the deployment, and publishes a first change of alice. */
async function withController(run: (harness: ControllerHarness, controller: ControllerProcess) => Promise<void>) {
  const harness = await startControllerHarness({ recordQuota: 200, rejectedAddresses: [REJECTED_ADDRESS] });
  const folder = await mkdtemp(join(tmpdir(), "edgress-hostile-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, harness.server.kubeconfigText);
  harness.apply(...buildTenant("alice", ["/old"]));
  const environment = { ...(harness.environment as Record<string, string>), NODE_OPTIONS: DEPLOYED_NODE_OPTIONS };
  const controller = await startControllerProcess({ kubeconfig, environment, args: ["--namespace", "edgress"] });
  try {
    await waitFor(() => harness.generation() === 1, 30_000);
    await run(harness, controller);
    assert.ok(controller.readPeakMemory() < GIBIBYTE, `${controller.readPeakMemory()} bytes`);
  } finally {
    await controller.end("SIGKILL");
    await harness.close();
    await rm(folder, { recursive: true });
  }
}

/** Publishes a hostile object and a change of alice. Her change must be in the next generation, whatever it contains. */
async function publishWithAlice(
  harness: ControllerHarness,
  controller: ControllerProcess,
  ...objects: readonly AppliedObject[]
): Promise<void> {
  const probes = probeHealth(controller);
  harness.apply(...objects, ...buildTenant("alice", ["/old", "/new"]));
  await waitFor(() => harness.generation() > 1, 60_000);
  assert.ok((await harness.routes()).includes("alice.example.com ^/new -> alice/web:80"), "alice's change");
  assert.equal(harness.generation(), 2);
  await waitFor(async () => (await controller.metric('edgress_syncs_total{result="published"}')) >= 2, 60_000);
  const { slowestMs, answers } = await probes.end();
  assert.deepEqual([...answers], ["ok: the sync loop is running"]);
  assert.ok(slowestMs < 2000, `${slowestMs} ms`);
}

/** Requests /healthz without a pause, until `end`. */
function probeHealth(controller: ControllerProcess) {
  const answers = new Set<string>();
  let slowestMs = 0;
  let hasEnded = false;
  const probing = (async () => {
    while (!hasEnded) {
      const startedAt = performance.now();
      answers.add(await controller.health());
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async end() {
      hasEnded = true;
      await probing;
      return { slowestMs, answers };
    },
  };
}

describe("incident: an object of one tenant costs the controller much", () => {
  test("100 regexes whose automata are large cannot hold up another tenant's change", { timeout: 120_000 }, () =>
    withController((harness, controller) =>
      publishWithAlice(harness, controller, ...buildTenant("bob", LARGEST_REGEXES)),
    ),
  );

  test(
    "100 regexes whose checks take longest cannot end the controller or keep /healthz from answering",
    {
      timeout: 120_000,
    },
    () =>
      withController((harness, controller) =>
        publishWithAlice(harness, controller, ...buildTenant("bob", SLOWEST_CHECKS)),
      ),
  );

  test("An Ingress of 608 KB with 3,000 hosts cannot use up the memory of the controller", { timeout: 120_000 }, () =>
    withController(async (harness, controller) => {
      const huge = buildHugeIngress("bob");
      assert.ok(JSON.stringify(huge).length > 600_000, `${JSON.stringify(huge).length} characters`);
      await publishWithAlice(harness, controller, ...buildTenant("bob", ["/"]).slice(0, 1), huge);
      await harness.waitForEvent("IngressTooLarge Ingress bob/web");
    }),
  );

  test(
    "A Service with 256 addresses cannot hold up another tenant's change in a zone of 200 records",
    {
      timeout: 120_000,
    },
    () =>
      withController(async (harness, controller) => {
        await publishWithAlice(harness, controller, ...buildTenant("bob", ["/"], ADDRESSES));
        await harness.waitForEvent("DNSRecordQuotaExceeded Service bob/web");
      }),
  );

  test("Addresses that Cloudflare rejects cannot hold up another tenant's change", { timeout: 120_000 }, () =>
    withController(async (harness, controller) => {
      const addresses = [REJECTED_ADDRESS, "1.1.1.1", "104.16.0.1", "127.0.0.1"];
      await publishWithAlice(harness, controller, ...buildTenant("bob", ["/"], addresses));
      await harness.waitForEvent("DNSRecordRejected Service bob/web");
    }),
  );
});
