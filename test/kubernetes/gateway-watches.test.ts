import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type LiveCluster, watchCluster } from "../../sync/collect/live-cluster.ts";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { createConnections } from "../support/api-server/client.ts";
import { GATEWAY_RESOURCES } from "../support/api-server/gateway-resources.ts";
import { ApiServer, type AppliedObject } from "../support/api-server.ts";
import { createFastClock } from "../support/controller/fast-clock.ts";
import { waitFor } from "../support/wait-for.ts";

const API = { apiVersion: "gateway.networking.k8s.io/v1" };
const ROUTE: AppliedObject = { ...API, kind: "HTTPRoute", metadata: { name: "shop" }, spec: {} };

function buildGateway(allowedRoutes: object): AppliedObject {
  const listeners = [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes }];
  return { ...API, kind: "Gateway", metadata: { name: "public" }, spec: { gatewayClassName: "edgress", listeners } };
}

const SELECTING_GATEWAY = buildGateway({ namespaces: { from: "Selector", selector: { matchLabels: { team: "a" } } } });
const OPEN_GATEWAY = buildGateway({ namespaces: { from: "All" } });

let server: ApiServer;
let abortController: AbortController;

beforeEach(async () => {
  server = await ApiServer.start({ resources: GATEWAY_RESOURCES });
  abortController = new AbortController();
});

afterEach(async () => {
  abortController.abort();
  await server.stop();
});

/** Watches the server. Time passes 100 times as fast. */
async function watch(): Promise<{ cluster: LiveCluster; failures: string[]; countChanges: () => number }> {
  const failures: string[] = [];
  let changeCount = 0;
  const listener = {
    onChange: () => void changeCount++,
    onError: (resource: string, error: Error) => void failures.push(`${resource}: ${error.message}`),
    onAnswer: () => {},
  };
  const scope = { watchNamespace: [], ingressSelector: "" };
  const api = createKubernetesClient(createConnections(server));
  const cluster = await watchCluster(api, scope, listener, createFastClock(100).sleep, abortController.signal);
  await cluster.ready;
  return { cluster, failures, countChanges: () => changeCount };
}

function readGateway(cluster: LiveCluster) {
  return cluster.read()?.cluster.gateway;
}

describe("The Gateway API of a cluster", () => {
  test("is empty without its resource definitions, and is found after they were installed", async () => {
    server.injectFault(/gateway\.networking\.k8s\.io\/v1(beta1)?$/, { type: "answer", status: 404 }, 20);
    server.apply(ROUTE);
    const { cluster, failures } = await watch();
    assert.deepEqual(readGateway(cluster)?.httpRoutes, []);
    await waitFor(() => readGateway(cluster)?.httpRoutes.length === 1);
    assert.deepEqual(failures, []);
  });

  test("has the objects with their identity and generation", async () => {
    server.apply(ROUTE);
    const { cluster } = await watch();
    const [route] = readGateway(cluster)?.httpRoutes ?? [];
    const [applied] = server.objects("HTTPRoute");
    assert.equal(route?.uid, applied?.metadata.uid);
    assert.equal(route?.generation, 1);
    assert.equal(cluster.findObject("HTTPRoute default/shop")?.id, "default/shop");
    server.remove("HTTPRoute", "default", "shop");
    await waitFor(() => readGateway(cluster)?.httpRoutes.length === 0);
  });

  test("has the version of its resource definitions", async () => {
    const { cluster } = await watch();
    assert.equal(readGateway(cluster)?.bundleVersion, undefined);
    server.apply({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: "gatewayclasses.gateway.networking.k8s.io",
        annotations: { "gateway.networking.k8s.io/bundle-version": "v1.6.3" },
      },
    });
    await waitFor(() => readGateway(cluster)?.bundleVersion === "v1.6.3");
  });

  test("is read as far as the permissions allow, and the missing ones are reported", async () => {
    server.apply(ROUTE);
    server.forbid(/\/gateways|\/customresourcedefinitions/);
    const { cluster, failures } = await watch();
    assert.deepEqual([readGateway(cluster)?.httpRoutes.length, readGateway(cluster)?.gateways], [1, []]);
    const collections = new Set(failures.map((failure) => failure.split(":")[0]));
    assert.deepEqual([...collections].toSorted(), ["customresourcedefinitions", "gateways"]);
  });

  test("A new status causes no sync", async () => {
    server.apply(ROUTE);
    const { cluster, countChanges } = await watch();
    const changeCount = countChanges();
    server.apply({ ...ROUTE, status: { parents: [{ controllerName: "other.example.com/controller" }] } });
    await waitFor(() => JSON.stringify(cluster.read()?.gatewayObjects[0]?.gatewayFields?.status)?.includes("other"));
    assert.equal(countChanges(), changeCount);
  });
});

describe("The labels of namespaces", () => {
  const countNamespaceRequests = () => server.requests.filter(({ path }) => path.endsWith("/namespaces")).length;

  test("are not read unless a listener selects namespaces by them", async () => {
    server.apply(OPEN_GATEWAY);
    const { cluster } = await watch();
    assert.equal(readGateway(cluster)?.gateways.length, 1);
    assert.deepEqual([readGateway(cluster)?.namespaces, countNamespaceRequests()], [[], 0]);
  });

  test("are complete before the first cluster with such a listener, and later changes are seen", async () => {
    server.apply(SELECTING_GATEWAY);
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "a" } } });
    const { cluster } = await watch();
    const readLabels = () => readGateway(cluster)?.namespaces.find(({ name }) => name === "web")?.labels;
    assert.deepEqual(readLabels(), { team: "a", "kubernetes.io/metadata.name": "web" });
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "b" } } });
    await waitFor(() => readLabels()?.team === "b");
  });

  test("are awaited after a listener started to select namespaces by them", async () => {
    server.apply(OPEN_GATEWAY);
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "a" } } });
    const { cluster, countChanges } = await watch();
    server.injectFault(/\/namespaces\?/, { type: "answer", status: 503 });
    const changeCount = countChanges();
    server.apply(SELECTING_GATEWAY);
    await waitFor(() => countChanges() > changeCount);
    assert.equal(cluster.read(), undefined);
    await waitFor(() => readGateway(cluster)?.namespaces.some(({ name }) => name === "web"));
  });
});
