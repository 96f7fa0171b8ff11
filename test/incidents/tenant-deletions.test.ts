import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readApprovalRequests } from "../../sync/report/approval-config-map.ts";
import type { AppliedObject } from "../support/api-server.ts";
import { NAMESPACE } from "../support/controller/controller.ts";
import { type ControllerHarness, withHarness, withMetadata } from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, withNginxPrefix } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const BOB_HOSTS = Array.from({ length: 11 }, (_, index) => `bob-${index}.example.com`);

function inNamespace(namespace: string, object: AppliedObject): AppliedObject {
  return withMetadata(object, { namespace });
}

function buildManyHosts(name: string, hosts: readonly string[]): AppliedObject {
  const ingress = buildIngressManifest(name, undefined, { "/": "web" });
  const rules = hosts.flatMap((host) => ingress.spec.rules.map((rule) => ({ ...rule, host })));
  return { ...ingress, spec: { ...ingress.spec, rules } };
}

function buildAliceIngress(range?: string): AppliedObject {
  const annotations = withNginxPrefix(range ? { "whitelist-source-range": range } : {});
  return inNamespace("alice", buildIngressManifest("shop", "alice.example.com", { "/": "web" }, annotations));
}

async function startTenants(harness: ControllerHarness, bobIngresses: readonly AppliedObject[]) {
  harness.apply(inNamespace("alice", WEB_SERVICE), inNamespace("bob", WEB_SERVICE), buildAliceIngress());
  harness.apply(...bobIngresses.map((ingress) => inNamespace("bob", ingress)));
  const controller = await harness.start();
  await waitFor(async () => (await harness.routes()).length === 12);
  return controller;
}

async function waitForAllowList({ readPublished }: ControllerHarness, range: string): Promise<void> {
  await waitFor(async () => {
    const { hosts } = await readPublished();
    return JSON.stringify(hosts.find(({ host }) => host === "alice.example.com")).includes(range);
  }, 20_000);
}

describe("incident: a tenant deletes many hosts", { concurrency: 2 }, () => {
  test(
    "The deletion of one Ingress with 11 hosts cannot hold back another tenant's allow list",
    withHarness(async (harness) => {
      const controller = await startTenants(harness, [buildManyHosts("many", BOB_HOSTS)]);
      harness.server.remove("Ingress", "bob", "many");
      harness.apply(buildAliceIngress("192.0.2.0/24"));
      await waitForAllowList(harness, "192.0.2.0/24");
      await waitFor(async () => (await harness.routes()).length === 1);
      assert.equal(controller.hasLogged(/deletion blocked/), false);
    }),
  );

  test(
    "A blocked deletion of 11 hosts cannot hold back another tenant's allow list, and waits for its approval",
    withHarness(async (harness) => {
      const controller = await startTenants(harness, [
        buildManyHosts("one", BOB_HOSTS.slice(0, 5)),
        buildManyHosts("two", BOB_HOSTS.slice(5)),
      ]);
      for (const name of ["one", "two"]) harness.server.remove("Ingress", "bob", name);
      harness.apply(buildAliceIngress("192.0.2.0/24"));
      await waitForAllowList(harness, "192.0.2.0/24");
      await controller.waitForLog(/deletion blocked: 11 hosts would lose their last route/);
      await controller.sync();
      const { id } = (await readApprovalRequests(harness.api, NAMESPACE)).get("bob") ?? assert.fail();
      assert.equal((await harness.routes()).length, 12);
      harness.apply(buildAliceIngress("198.51.100.0/24"));
      await waitForAllowList(harness, "198.51.100.0/24");
      await controller.sync();
      assert.equal((await readApprovalRequests(harness.api, NAMESPACE)).get("bob")?.id, id);
      await harness.api.patch(`/api/v1/namespaces/${NAMESPACE}/configmaps/edgress-blocked-deletion`, {
        data: { "bob.approved": id },
      });
      await waitFor(async () => (await harness.routes()).length === 1, 20_000);
      await waitFor(async () => (await readApprovalRequests(harness.api, NAMESPACE)).size === 0);
    }),
  );

  test(
    "An Ingress that loses a blocked path gets an Event",
    withHarness(async (harness) => {
      await startTenants(harness, [
        buildManyHosts("one", BOB_HOSTS.slice(0, 5)),
        buildManyHosts("two", BOB_HOSTS.slice(5)),
      ]);
      const ingresses = ["one", "two"].map((name) =>
        inNamespace("bob", buildIngressManifest(name, `${name}.example.com`, { "/": "web" })),
      );
      harness.apply(...ingresses);
      await harness.waitForEvent("BlockedRemoval Ingress bob/one");
      await harness.waitForEvent("BlockedRemoval Ingress bob/two");
    }),
  );
});
