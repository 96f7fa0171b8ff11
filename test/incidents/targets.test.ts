import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { buildRecordLabel } from "../../sync/compile/backends/origin-record-names.ts";
import { type ControllerHarness, startControllerHarness, withMetadata } from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import type { SyncJob } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);
const otherNamespaceService = {
  ...buildServiceManifest("vault", ["203.0.113.99"]),
  metadata: { name: "vault", namespace: "bank" },
};
let harness: ControllerHarness;
let job: SyncJob;

before(async () => {
  harness = await startControllerHarness();
  harness.apply(webService, otherNamespaceService, {
    ...buildServiceManifest("api", []),
    spec: { clusterIP: "203.0.113.44", ports: [{ port: 80 }] },
  });
  harness.apply(
    withMetadata(buildIngressManifest("front", "front.example.com", { "/": "vault" }), { namespace: "bank" }),
  );
  job = await harness.start();
  await waitFor(() => harness.generation() === 1);
});
afterEach(async () => {
  harness.server.remove("Ingress", "default", "odd");
  harness.server.remove("Service", "default", "odd");
  await waitForOddRoutes(0);
  for (const { metadata } of harness.server.objects("Event")) harness.server.remove("Event", "default", metadata.name);
});
after(() => harness.close());

/** What is published for the host "odd.example.com", once it has so many routes. */
async function waitForOddRoutes(count: number): Promise<string[]> {
  const routes = async () => (await harness.routes()).filter((route) => route.startsWith("odd.example.com"));
  return await waitFor(async () => (await routes()).length === count && routes());
}

describe("incident: a target that reaches where it must not", () => {
  const addresses = [
    ["loopback", "127.0.0.1"],
    ["loopback in IPv6", "::1"],
    ["loopback in IPv6's spelling of IPv4", "::ffff:127.0.0.1"],
    ["link-local, where clouds keep their metadata", "169.254.169.254"],
    ["link-local in IPv6", "fe80::1"],
    ["a cloud's own services", "168.63.129.16"],
    ["a private network", "10.96.0.1"],
    ["a Service's cluster IP", "203.0.113.44"],
    ["any machine", "0.0.0.0"],
  ] as const;
  for (const [what, address] of addresses) {
    test(`an external IP of ${what} (${address}) is no origin: its path answers 503, and its owner is told`, async () => {
      harness.apply(
        buildServiceManifest("odd", [address]),
        buildIngressManifest("odd", "odd.example.com", { "/": "odd", "/web": "web" }),
      );
      const [root, other] = await waitForOddRoutes(2);
      assert.match(root ?? "", /^odd\.example\.com \/ -> 503 /);
      assert.equal(other, "odd.example.com /web -> default/web:80");
      assert.ok(!harness.account.records("example.com").some(({ content }) => content === address));
      await waitFor(() => harness.events().includes("OriginNotPermitted Service default/odd"));
    });
  }

  const names = [
    ["localhost", "localhost", "InvalidExternalAddress"],
    ["a name of the cluster", "api.default.svc.cluster.local", "OriginNotPermitted"],
    ["a cloud's metadata", "metadata.google.internal", "OriginNotPermitted"],
    ["another tenant's record", `${buildRecordLabel("203.0.113.99")}.example.com`, "OriginNotPermitted"],
  ] as const;
  for (const [what, hostname, reason] of names) {
    test(`a load balancer called ${what} (${hostname}) is no origin`, async () => {
      const odd = { ...buildServiceManifest("odd", []), status: { loadBalancer: { ingress: [{ hostname }] } } };
      harness.apply(odd, buildIngressManifest("odd", "odd.example.com", { "/": "odd", "/web": "web" }));
      assert.match((await waitForOddRoutes(2))[0] ?? "", /^odd\.example\.com \/ -> 503 /);
      await waitFor(() => harness.events().includes(`${reason} Service default/odd`));
    });
  }

  const urls = [
    "http://198.51.100.7/check", // no Service's
    "http://127.0.0.1/check",
    "http://localhost/check",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://10.96.0.1/check",
    "http://[::1]/check",
    "http://2130706433/check", // 127.0.0.1 as one number
    "http://0x7f.1/check",
    `https://${buildRecordLabel("203.0.113.99")}.example.com/check`,
  ];
  for (const url of urls) {
    test(`a path that asks ${url} who may pass is closed, for it can't ask there`, async () => {
      const annotations = { "nginx.ingress.kubernetes.io/auth-url": url };
      harness.apply(buildIngressManifest("odd", "odd.example.com", { "/": "web" }, annotations));
      assert.match((await waitForOddRoutes(1))[0] ?? "", /^odd\.example\.com \/ -> 503 /);
      await waitFor(() => harness.events().includes("RouteFailedClosed Ingress default/odd"));
    });
  }

  test("nobody else paid for any of it", async () => {
    assert.ok((await harness.routes()).includes("front.example.com / -> bank/vault:80"));
    assert.ok(job.results.every(({ type }) => type !== "failed"));
  });
});
