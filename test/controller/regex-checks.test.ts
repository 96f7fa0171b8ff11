import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { INGRESS_CLASS, startControllerHarness } from "../support/controller/controller-harness.ts";

const BACKEND = { service: { name: "web", port: { number: 80 } } };
const SLOW_PATHS = Array.from({ length: 3 }, (_, index) => `/.{1000}.{1000}.{1000}.{1000}x${index}`);

function buildIngress(namespace: string, name: string, paths: readonly string[]) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace, name, annotations: { "nginx.ingress.kubernetes.io/use-regex": "true" } },
    spec: {
      ingressClassName: "edgress",
      rules: [
        {
          host: `${name}.example.com`,
          http: { paths: paths.map((path) => ({ path, pathType: "ImplementationSpecific", backend: BACKEND })) },
        },
      ],
    },
  };
}

function buildService(namespace: string) {
  const spec = { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] };
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name: "web" }, spec };
}

describe("Regex checks of the controller", () => {
  test("Slow checks of one tenant do not keep another tenant's change from the same sync, and a restart repeats none", async () => {
    const harness = await startControllerHarness();
    try {
      harness.apply(INGRESS_CLASS, buildService("alice"), buildService("bob"));
      const controller = await harness.start();
      harness.apply(buildIngress("bob", "slow", SLOW_PATHS), buildIngress("alice", "shop", ["/shop(/|$)(.*)"]));
      await harness.waitForRoutes(
        "shop.example.com ^/shop(/|$)(.*) -> alice/web:80",
        ...SLOW_PATHS.map((path) => `slow.example.com ^${path} -> bob/web:80`),
      );
      await controller.stop();
      const stored = [...harness.kv.values].filter(([key]) => key.startsWith("state/")).map(([, value]) => value);
      assert.ok(stored.some((value) => SLOW_PATHS.every((path) => value.includes(`^${path}`))));
      const generation = harness.generation();
      const startedAt = performance.now();
      const restarted = await harness.start();
      await restarted.waitForResult("completed");
      assert.ok(performance.now() - startedAt < 2000, "the checks were repeated");
      assert.equal(harness.generation(), generation);
    } finally {
      await harness.close();
    }
  });
});
