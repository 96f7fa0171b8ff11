import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { buildRecordLabel } from "../../sync/compile/backends/origin-record-names.ts";
import type { Controller } from "../support/controller/controller.ts";
import {
  type ControllerHarness,
  startControllerHarness,
  withMetadata,
} from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const otherNamespaceService = {
  ...buildServiceManifest("vault", ["203.0.113.99"]),
  metadata: { name: "vault", namespace: "bank" },
};
let harness: ControllerHarness;
let controller: Controller;

before(async () => {
  harness = await startControllerHarness();
  harness.apply(WEB_SERVICE, otherNamespaceService, {
    ...buildServiceManifest("api", []),
    spec: { clusterIP: "203.0.113.44", ports: [{ port: 80 }] },
  });
  harness.apply(
    withMetadata(buildIngressManifest("front", "front.example.com", { "/": "vault" }), { namespace: "bank" }),
  );
  controller = await harness.start();
  await waitFor(() => harness.generation() === 1);
});
afterEach(async () => {
  harness.server.remove("Ingress", "default", "target");
  harness.server.remove("Service", "default", "target");
  await waitForTestRoutes(0);
  for (const { metadata } of harness.server.objects("Event")) harness.server.remove("Event", "default", metadata.name);
});
after(() => harness.close());

/** Resolves with the routes of the test host when it has `count` of them. */
async function waitForTestRoutes(count: number): Promise<string[]> {
  const routes = async () => (await harness.routes()).filter((route) => route.startsWith("target.example.com"));
  return await waitFor(async () => (await routes()).length === count && routes());
}

describe("incident: an origin is not permitted", () => {
  const addresses = [
    ["loopback", "127.0.0.1"],
    ["loopback in IPv6", "::1"],
    ["loopback as an IPv4-mapped address", "::ffff:127.0.0.1"],
    ["link-local, the metadata of a cloud", "169.254.169.254"],
    ["link-local in IPv6", "fe80::1"],
    ["services of a cloud", "168.63.129.16"],
    ["a private network", "10.96.0.1"],
    ["a Service's cluster IP", "203.0.113.44"],
    ["the unspecified address", "0.0.0.0"],
  ] as const;
  for (const [subject, address] of addresses) {
    test(`A path to the external IP ${address} (${subject}) answers 503, and its Service gets an Event`, async () => {
      harness.apply(
        buildServiceManifest("target", [address]),
        buildIngressManifest("target", "target.example.com", { "/": "target", "/web": "web" }),
      );
      const [root, other] = await waitForTestRoutes(2);
      assert.match(root ?? "", /^target\.example\.com \/ -> 503 /);
      assert.equal(other, "target.example.com /web -> default/web:80");
      assert.ok(!harness.account.records("example.com").some(({ content }) => content === address));
      await harness.waitForEvent("OriginNotPermitted Service default/target");
    });
  }

  const names = [
    ["localhost", "localhost", "InvalidExternalAddress"],
    ["a cluster-internal name", "api.default.svc.cluster.local", "OriginNotPermitted"],
    ["the metadata of a cloud", "metadata.google.internal", "OriginNotPermitted"],
    ["the DNS record of another origin", `${buildRecordLabel("203.0.113.99")}.example.com`, "OriginNotPermitted"],
  ] as const;
  for (const [subject, hostname, reason] of names) {
    test(`A path to a load balancer with the name ${hostname} (${subject}) answers 503`, async () => {
      const service = { ...buildServiceManifest("target", []), status: { loadBalancer: { ingress: [{ hostname }] } } };
      harness.apply(service, buildIngressManifest("target", "target.example.com", { "/": "target", "/web": "web" }));
      assert.match((await waitForTestRoutes(2))[0] ?? "", /^target\.example\.com \/ -> 503 /);
      await harness.waitForEvent(`${reason} Service default/target`);
    });
  }

  const urls = [
    "http://198.51.100.7/check", // of no Service
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
    test(`A path with the auth-url ${url} fails closed`, async () => {
      const annotations = { "nginx.ingress.kubernetes.io/auth-url": url };
      harness.apply(buildIngressManifest("target", "target.example.com", { "/": "web" }, annotations));
      assert.match((await waitForTestRoutes(1))[0] ?? "", /^target\.example\.com \/ -> 503 /);
      await harness.waitForEvent("RouteFailedClosed Ingress default/target");
    });
  }

  test("Forbidden origins leave other Ingresses unaffected, and fail no sync", async () => {
    assert.ok((await harness.routes()).includes("front.example.com / -> bank/vault:80"));
    assert.ok(controller.results.every(({ type }) => type !== "failed"));
  });
});
