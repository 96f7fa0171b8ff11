import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildLabeledIngress, CART, INGRESSES, SHOP_INGRESSES } from "../support/api-server/client.ts";
import { startTestApi } from "../support/api-server/test-api.ts";

const { server, api, listIngresses, collectEvents } = await startTestApi();

describe("writes", () => {
  test("A write with an old version is rejected", async () => {
    const { metadata } = server.apply(buildLabeledIngress("cart"));
    server.apply(buildLabeledIngress("cart", "shop", { team: "red" }));
    const late = { metadata: { resourceVersion: metadata.resourceVersion, labels: { team: "blue" } } };
    await assert.rejects(api.patch(CART, late), { status: 409, reason: "Conflict" });
    await assert.rejects(api.replace(CART, { ...buildLabeledIngress("cart"), ...late }), { status: 400 });
    await assert.rejects(api.create(SHOP_INGRESSES, buildLabeledIngress("cart")), {
      status: 409,
      reason: "AlreadyExists",
    });
  });

  test("A status write changes the status and the annotations, but not the spec", async () => {
    server.apply({ ...buildLabeledIngress("cart"), spec: { ingressClassName: "edgress" } });
    await api.patch(`${CART}/status`, {
      metadata: { annotations: { "edgress.dev/live-generation": "7" } },
      spec: { ingressClassName: "other" },
      status: { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } },
    });
    const [{ metadata, spec, status } = buildLabeledIngress("none") as Record<string, unknown>] = server.objects(
      "Ingress",
      "shop",
    );
    assert.deepEqual((metadata as { annotations: object }).annotations, { "edgress.dev/live-generation": "7" });
    assert.deepEqual(spec, { ingressClassName: "edgress" });
    assert.deepEqual(status, { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } });
  });

  test("A write without changes keeps the version", async () => {
    const before = server.apply(buildLabeledIngress("cart", "shop", { team: "red" }));
    const after = (await api.patch(CART, { metadata: { labels: { team: "red" } } })) as typeof before;
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});

describe("Leases", () => {
  const LEASES = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "edgress", namespace: "shop" },
    spec: { holderIdentity: "a" },
  };

  test("A Lease is updated only with its current version", async () => {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
    const createdLease = (await api.create(LEASES, lease)) as { metadata: object };
    await assert.rejects(api.replace(`${LEASES}/edgress`, lease), {
      status: 422,
      reason: "Invalid",
      message: /must be specified for an update$/,
    });
    await api.replace(`${LEASES}/edgress`, { ...createdLease, spec: { holderIdentity: "b" } });
    await assert.rejects(api.replace(`${LEASES}/edgress`, { ...createdLease, spec: { holderIdentity: "c" } }), {
      status: 409,
    });
    assert.deepEqual(server.objects("Lease", "shop")[0]?.spec, { holderIdentity: "b" });
  });
});

test("A deleted namespace deletes its objects", async () => {
  server.apply(buildLabeledIngress("cart"));
  server.apply({ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "front" } });
  const { metadata } = await listIngresses(INGRESSES);
  await api.remove("/api/v1/namespaces/shop");
  assert.deepEqual(await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 1), ["DELETED cart"]);
  assert.deepEqual(server.objects("Service", "shop"), []);
});
