import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import {
  buildLabeledIngress,
  CART,
  createConnections,
  INGRESSES,
  listNames,
  SHOP_INGRESSES,
} from "../support/api-server/client.ts";
import { startTestApi } from "../support/api-server/test-api.ts";
import { ApiServer } from "../support/api-server.ts";

const { server, api, listIngresses, collectEvents } = await startTestApi();

describe("lists", () => {
  test("The pages of a list have one version, despite writes between them", async () => {
    for (const name of ["a", "b", "c"]) server.apply(buildLabeledIngress(name));
    const first = await listIngresses(INGRESSES, { limit: 2 });
    assert.deepEqual(listNames(first), ["a", "b"]);
    assert.equal(first.metadata.remainingItemCount, 1);
    server.apply(buildLabeledIngress("aa"));
    server.remove("Ingress", "shop", "c");
    const second = await listIngresses(INGRESSES, { limit: 2, continue: first.metadata.continue });
    assert.deepEqual(listNames(second), ["c"]);
    assert.equal(second.metadata.continue, undefined);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.deepEqual(listNames(await listIngresses(INGRESSES)), ["a", "aa", "b"]);
  });

  test("A list page expires when its version is compacted", async () => {
    for (const name of ["a", "b"]) server.apply(buildLabeledIngress(name));
    const first = await listIngresses(INGRESSES, { limit: 1 });
    server.compact();
    await assert.rejects(listIngresses(INGRESSES, { limit: 1, continue: first.metadata.continue }), {
      status: 410,
      reason: "Expired",
    });
  });

  test("A list can be limited to a namespace, labels or a name", async () => {
    server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    server.apply(buildLabeledIngress("b", "shop", { team: "blue" }));
    server.apply(buildLabeledIngress("a", "blog"));
    assert.deepEqual(listNames(await listIngresses(INGRESSES)), ["a", "a", "b"]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES)), ["a", "b"]);
    assert.deepEqual(listNames(await listIngresses(INGRESSES, { labelSelector: "team=red" })), ["a"]);
    assert.deepEqual(listNames(await listIngresses(INGRESSES, { labelSelector: "team in (red, blue),team" })), [
      "a",
      "b",
    ]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES, { labelSelector: "team!=red" })), ["b"]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES, { fieldSelector: "metadata.name=b" })), ["b"]);
  });
});

describe("watches", () => {
  test("A watch sends the events since a version, then new ones", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a"));
    server.apply(buildLabeledIngress("b"));
    const lines = await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 3, () => {
      server.apply(buildLabeledIngress("a"));
      server.remove("Ingress", "shop", "b");
    });
    assert.deepEqual(lines, ["ADDED b", "MODIFIED a", "DELETED b"]);
  });

  test("A watch with labels reports an object that loses them as deleted", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    const query = { resourceVersion: metadata.resourceVersion, labelSelector: "team=red" };
    const lines = await collectEvents(INGRESSES, query, 2, () => {
      server.apply(buildLabeledIngress("a", "shop", { team: "blue" }));
      server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    });
    assert.deepEqual(lines, ["DELETED a", "ADDED a"]);
  });

  test("A watch from a compacted version sends an ERROR event and ends", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a"));
    server.compact();
    const lines = await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 2);
    assert.deepEqual(lines, ["ERROR 410"]);
  });
});

describe("API versions", () => {
  test("The test server lists its API versions, and each writes an Ingress backend in its own form", async () => {
    const legacy = await ApiServer.start({ servedVersions: ["extensions/v1beta1"] });
    const legacyClient = createKubernetesClient(createConnections(legacy), 1000);
    const service = { name: "shop", port: { number: 80 } };
    const rules = [{ host: "a.example.com", http: { paths: [{ path: "/", backend: { service } }] } }];
    legacy.apply({ ...buildLabeledIngress("cart"), spec: { defaultBackend: { service }, rules } });
    await assert.rejects(legacyClient.get("/apis/networking.k8s.io/v1"), { status: 404 });
    const { resources } = (await legacyClient.get("/apis/extensions/v1beta1")) as { resources: { name: string }[] };
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["ingresses", "ingresses/status"],
    );
    const ingress = await legacyClient.get("/apis/extensions/v1beta1/namespaces/shop/ingresses/cart");
    const backend = { serviceName: "shop", servicePort: 80 };
    assert.deepEqual((ingress as { spec: object }).spec, {
      backend,
      rules: [{ host: "a.example.com", http: { paths: [{ path: "/", backend }] } }],
    });
    await legacy.stop();
  });

  test("All API versions of an object are the same object", async () => {
    server.apply({
      ...buildLabeledIngress("cart"),
      spec: { defaultBackend: { service: { name: "a", port: { name: "http" } } } },
    });
    const path = "/apis/extensions/v1beta1/namespaces/shop/ingresses/cart";
    await api.patch(path, { spec: { backend: { servicePort: 8080 } } });
    assert.deepEqual(server.objects("Ingress", "shop")[0]?.spec, {
      defaultBackend: { service: { name: "a", port: { number: 8080 } } },
    });
  });
});

test("The test server records every request with its body", async () => {
  server.apply(buildLabeledIngress("cart"));
  const before = server.requests.length;
  await api.patch(`${CART}/status`, { status: {} });
  await api.get(INGRESSES, { labelSelector: "a in (b,c)" });
  assert.deepEqual(
    server.requests.slice(before).map(({ line, body }) => [line, body]),
    [
      [`PATCH ${CART}/status`, { status: {} }],
      [`GET ${INGRESSES}?labelSelector=a in (b,c)`, undefined],
    ],
  );
});

test("The kubeconfig of the test server connects to it", async () => {
  const connections = new Connections();
  connections.loadFromString(server.kubeconfigText);
  assert.equal(((await createKubernetesClient(connections).get("/api")) as { kind: string }).kind, "APIVersions");
});

test("The test server can restart with the same objects on the same port", async () => {
  server.apply(buildLabeledIngress("cart"));
  const { url } = server;
  const watch = api.watch(INGRESSES, {}, new AbortController().signal);
  await watch.next();
  await server.stop();
  await assert.rejects(watch.next(), /^Error: Kubernetes API: watch of /);
  await assert.rejects(api.get(CART), /ECONNREFUSED/);
  await server.serve();
  assert.equal(server.url, url);
  await api.get(CART);
});
