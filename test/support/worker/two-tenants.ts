import assert from "node:assert/strict";
import { parsePermits } from "../../../sync/permits/parse.ts";
import { OPTIONS } from "../fixture.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../manifests.ts";
import type { WorkerHarness } from "./worker-harness.ts";

const PERMITS = `
claims:
  - { namespaces: [alice], hosts: [a.example.com, "*.a.example.com"] }
  - { namespaces: [bob], hosts: ["*.bob.example.com"] }
limits: [{ namespaces: ["*"], maxRoutes: 100 }]
origins:
  - { namespaces: [alice], addresses: [203.0.113.20] }
  - { namespaces: [bob], addresses: [203.0.113.10, 203.0.113.11] }
`;

/** Publishes two tenants inside their permits. Annotations of bob refer to guarded hosts of alice. */
export async function publishTwoTenants(edge: Pick<WorkerHarness, "publish">): Promise<void> {
  const permits = parsePermits(PERMITS);
  assert.ok(permits.ok);
  await edge.publish(OBJECTS, { options: { ...OPTIONS, permits: permits.value } });
}

/** Returns an Ingress of a namespace, with one path. */
function buildTenantIngress(namespace: string, host: string, service: string, annotations: Record<string, string>) {
  const manifest = buildIngressManifest(
    host.replaceAll(".", "-"),
    host,
    { "/": service },
    withNginxPrefix({ "ssl-redirect": "false", ...annotations }),
  );
  return { ...manifest, metadata: { ...manifest.metadata, namespace } };
}

function buildTenantService(namespace: string, name: string, address: string) {
  const manifest = buildServiceManifest(name, [address]);
  return { ...manifest, metadata: { name, namespace } };
}

const certificateGuard = {
  "auth-tls-secret": "alice/client-ca",
  "auth-tls-verify-client": "optional_no_ca",
  "auth-tls-match-cn": "CN=victim",
};
const visitorList = { "whitelist-source-range": "198.51.100.0/24" };

const OBJECTS = [
  buildTenantIngress("alice", "a.example.com", "app", certificateGuard),
  buildTenantIngress("alice", "list.a.example.com", "app", visitorList),
  buildTenantIngress("alice", "any.a.example.com", "app", { "whitelist-source-range": "0.0.0.0/0,::/0" }),
  buildTenantIngress("alice", "deny.a.example.com", "app", { "denylist-source-range": "192.0.2.0/24" }),
  buildTenantIngress("alice", "open.a.example.com", "app", {}),
  buildTenantIngress("bob", "cert.bob.example.com", "web", {
    "auth-url": "https://a.example.com/balance",
    "auth-response-headers": "X-Balance",
  }),
  ...["list", "any", "deny"].map((name) =>
    buildTenantIngress("bob", `${name}.bob.example.com`, "web", { "auth-url": `http://${name}.a.example.com/` }),
  ),
  buildTenantIngress("bob", "open.bob.example.com", "web", { "auth-url": "http://open.a.example.com/check" }),
  buildTenantIngress("bob", "mirror.bob.example.com", "web", {
    "auth-url": "http://gate/verify",
    "auth-response-headers": "X-User, X-Real-IP, X-Forwarded-For, ssl-client-verify, Host, X-Request-ID",
    "mirror-target": "http://open.a.example.com$request_uri",
  }),
  buildTenantIngress("bob", "body.bob.example.com", "web", { "mirror-target": "http://open.a.example.com/copy" }),
  buildTenantIngress("bob", "name.bob.example.com", "web", {
    "mirror-target": "http://app.alice.svc.cluster.local$request_uri",
    "mirror-host": "a.example.com",
  }),
  buildTenantIngress("bob", "address.bob.example.com", "web", { "mirror-target": "http://203.0.113.20$request_uri" }),
  buildTenantIngress("bob", "auth.bob.example.com", "web", {
    "auth-url": "http://app.alice.svc/",
    "auth-method": "POST",
  }),
  buildTenantIngress("bob", "listed.bob.example.com", "web", visitorList),
  buildTenantIngress("bob", "own.bob.example.com", "web", { "auth-url": "http://listed.bob.example.com/" }),
  buildTenantService("alice", "app", "203.0.113.20"),
  buildTenantService("bob", "web", "203.0.113.10"),
  buildTenantService("bob", "gate", "203.0.113.11"),
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "client-ca", namespace: "alice" },
    stringData: { "ca.crt": "any" },
  },
];
