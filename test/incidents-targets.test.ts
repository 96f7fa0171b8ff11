import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { recordOf } from "../sync/compile/record-names.ts";
import { ingress, service, until } from "./support/edge.ts";
import { having, type Stage, startStage } from "./support/stage.ts";
import type { SyncJob } from "./support/sync-job.ts";

const web = service("web", ["203.0.113.10"]);
const ofAnother = { ...service("vault", ["203.0.113.99"]), metadata: { name: "vault", namespace: "bank" } };
let stage: Stage;
let job: SyncJob;

before(async () => {
  stage = await startStage();
  stage.apply(web, ofAnother, { ...service("api", []), spec: { clusterIP: "203.0.113.44", ports: [{ port: 80 }] } });
  stage.apply(having(ingress("front", "front.example.com", { "/": "vault" }), { namespace: "bank" }));
  job = await stage.start();
  await until(() => stage.generation() === 1);
});
afterEach(async () => {
  stage.server.remove("Ingress", "default", "odd");
  stage.server.remove("Service", "default", "odd");
  await oddRoutes(0);
  for (const { metadata } of stage.server.objects("Event")) stage.server.remove("Event", "default", metadata.name);
});
after(() => stage.close());

/** What is published for the host "odd.example.com", once it has so many routes. */
async function oddRoutes(count: number): Promise<string[]> {
  const routes = async () => (await stage.routes()).filter((route) => route.startsWith("odd.example.com"));
  return await until(async () => (await routes()).length === count && routes());
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
      stage.apply(service("odd", [address]), ingress("odd", "odd.example.com", { "/": "odd", "/web": "web" }));
      const [root, other] = await oddRoutes(2);
      assert.match(root ?? "", /^odd\.example\.com \/ -> 503 /);
      assert.equal(other, "odd.example.com /web -> default/web:80");
      assert.ok(!stage.account.records("example.com").some(({ content }) => content === address));
      await until(() => stage.events().includes("OriginRefused Service default/odd"));
    });
  }

  const names = [
    ["localhost", "localhost", "AddressInvalid"],
    ["a name of the cluster", "api.default.svc.cluster.local", "OriginRefused"],
    ["a cloud's metadata", "metadata.google.internal", "OriginRefused"],
    ["another tenant's record", `${recordOf("203.0.113.99")}.example.com`, "OriginRefused"],
  ] as const;
  for (const [what, hostname, reason] of names) {
    test(`a load balancer called ${what} (${hostname}) is no origin`, async () => {
      const odd = { ...service("odd", []), status: { loadBalancer: { ingress: [{ hostname }] } } };
      stage.apply(odd, ingress("odd", "odd.example.com", { "/": "odd", "/web": "web" }));
      assert.match((await oddRoutes(2))[0] ?? "", /^odd\.example\.com \/ -> 503 /);
      await until(() => stage.events().includes(`${reason} Service default/odd`));
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
    `https://${recordOf("203.0.113.99")}.example.com/check`,
  ];
  for (const url of urls) {
    test(`a path that asks ${url} who may pass is closed, for it can't ask there`, async () => {
      const asking = { "nginx.ingress.kubernetes.io/auth-url": url };
      stage.apply(ingress("odd", "odd.example.com", { "/": "web" }, asking));
      assert.match((await oddRoutes(1))[0] ?? "", /^odd\.example\.com \/ -> 503 /);
      await until(() => stage.events().includes("RouteClosed Ingress default/odd"));
    });
  }

  test("nobody else paid for any of it", async () => {
    assert.ok((await stage.routes()).includes("front.example.com / -> bank/vault:80"));
    assert.ok(job.results.every(({ type }) => type !== "failed"));
  });
});
