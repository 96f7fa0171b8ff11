import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import { type ControllerHarness, withHarness, withMetadata } from "../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const ADDRESSES = Array.from({ length: 256 }, (_, index) => `198.51.${Math.floor(index / 200)}.${index % 200}`);
/** Not in the list of internal addresses, but Cloudflare rejects it too. The test's account does. */
const REJECTED_ADDRESS = "203.0.113.66";

function buildTenant(namespace: string, addresses: readonly string[], path = "/"): AppliedObject[] {
  return [
    buildServiceManifest("web", addresses),
    buildIngressManifest("web", `${namespace}.example.com`, { [path]: "web" }),
  ].map((object) => withMetadata(object, { namespace }));
}

/** Returns the published addresses of a host. */
async function listAddresses({ readPublished }: ControllerHarness, host: string): Promise<string[]> {
  const { hosts } = await readPublished();
  const backends = Object.values(hosts.find((rules) => rules.host === host)?.backends ?? {});
  return backends.flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

describe("incident: Cloudflare rejects DNS records", { concurrency: 4 }, () => {
  test(
    "A Service with 256 addresses cannot use up the 200 records of a zone",
    withHarness(
      async (harness) => {
        harness.apply(...buildTenant("bob", ADDRESSES), ...buildTenant("alice", ["203.0.113.10"]));
        const controller = await harness.start();
        await harness.waitForRoutes("alice.example.com / -> alice/web:80", "bob.example.com / -> bob/web:80");
        assert.equal((await listAddresses(harness, "bob.example.com")).length, 100);
        assert.deepEqual(await listAddresses(harness, "alice.example.com"), ["203.0.113.10"]);
        await harness.waitForEvent("DNSRecordQuotaExceeded Service bob/web");
        await harness.waitForEvent("DNSRecordQuotaExceeded Ingress bob/web");
        harness.apply(...buildTenant("carol", ["203.0.113.11"]));
        await waitFor(async () => (await listAddresses(harness, "carol.example.com")).length === 1);
        assert.equal(harness.account.records("example.com").length, 102);
        assert.ok(controller.results.every(({ type }) => type !== "failed"));
      },
      { recordQuota: 200 },
    ),
  );

  test(
    "A full zone cannot hold back the changes of tenants whose records exist",
    withHarness(
      async (harness) => {
        harness.apply(...buildTenant("alice", ["203.0.113.10"]), ...buildTenant("bob", ["203.0.113.20"]));
        const controller = await harness.start();
        await harness.waitForRoutes("alice.example.com / -> alice/web:80", "bob.example.com / -> bob/web:80");
        harness.apply(
          ...buildTenant("carol", ["203.0.113.30"]),
          ...buildTenant("dave", ["203.0.113.40", "203.0.113.41"]),
        );
        harness.apply(...buildTenant("alice", ["203.0.113.10"], "/new"));
        await waitFor(async () => (await harness.routes()).includes("alice.example.com /new -> alice/web:80"), 20_000);
        await harness.waitForEvent("DNSRecordRejected Service dave/web");
        assert.equal(harness.account.records("example.com").length, 4);
        assert.deepEqual(await listAddresses(harness, "carol.example.com"), ["203.0.113.30"]);
        assert.deepEqual(await listAddresses(harness, "dave.example.com"), ["203.0.113.40"]);
        assert.ok(controller.results.every(({ type }) => type !== "failed"));
      },
      { recordQuota: 4 },
    ),
  );

  test(
    "An address that Cloudflare rejects costs its own routes only, in the same sync",
    withHarness(
      async (harness) => {
        harness.apply(
          ...buildTenant("bob", [REJECTED_ADDRESS]),
          ...buildTenant("mixed", ["203.0.113.20", REJECTED_ADDRESS, "203.0.113.21"]),
          ...buildTenant("alice", ["203.0.113.10"]),
        );
        const controller = await harness.start();
        await waitFor(async () => (await harness.routes()).length === 3, 20_000);
        assert.equal(harness.generation(), 1);
        const [alice, bob, mixed] = await harness.routes();
        assert.equal(alice, "alice.example.com / -> alice/web:80");
        assert.match(
          String(bob),
          /^bob\.example\.com \/ -> 503 Service bob\/web has no external address with a DNS record/,
        );
        assert.equal(mixed, "mixed.example.com / -> mixed/web:80");
        assert.deepEqual(await listAddresses(harness, "mixed.example.com"), ["203.0.113.20", "203.0.113.21"]);
        await harness.waitForEvent("DNSRecordRejected Service bob/web");
        await harness.waitForEvent("DNSRecordRejected Ingress mixed/web");
        const countBatches = () => harness.account.requests.filter(({ path }) => path.endsWith("/batch")).length;
        const batches = countBatches();
        assert.ok(batches <= 12, `${batches} batches`);
        await controller.sync();
        await controller.sync();
        assert.equal(countBatches(), batches);
        assert.ok(controller.results.every(({ type }) => type !== "failed"));
      },
      { rejectedAddresses: [REJECTED_ADDRESS] },
    ),
  );
});
