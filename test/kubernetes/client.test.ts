import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { ApiError, createKubernetesClient, type KubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { listen } from "../../sync/net/listen.ts";
import { INGRESSES } from "../support/api-server/client.ts";
import { buildCart, createRelayedConnections } from "../support/api-server/kubernetes-client.ts";
import { startRelay } from "../support/api-server/relay.ts";
import { ApiServer } from "../support/api-server.ts";

const CART = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/cart";

for (const tls of [false, true]) {
  describe(tls ? "the API server over TLS and HTTP/2" : "the API server over HTTP/1.1", () => {
    let server: ApiServer;
    let connections: Connections;
    let api: KubernetesClient;

    before(async () => {
      server = await ApiServer.start({ tls });
      connections = createRelayedConnections(server.kubeconfig);
      api = createKubernetesClient(connections, 1000, { durationSeconds: 1, idleTimeoutMs: 5000 });
    });
    after(() => server.stop());
    afterEach(() => {
      server.clearFaults();
      server.remove("Namespace", undefined, "shop");
    });

    test("A rejected request has a status, a reason and a message of one line", async () => {
      server.injectFault(/cart/, { type: "answer", status: 429, retryAfterSeconds: 7, message: "too many\nrequests" });
      await assert.rejects(api.get(CART), {
        status: 429,
        reason: "TooManyRequests",
        message: "too many requests",
        retryAfterSeconds: 7,
      });
      server.injectFault(/cart/, { type: "answer", status: 502, text: "<html>Bad\nGateway</html>" });
      await assert.rejects(api.get(CART), new ApiError(502, "Unknown", "the API server responded with status 502"));
    });

    test("A response that is not JSON is an error without its content", async () => {
      server.injectFault(/cart/, { type: "answer", status: 200, text: '{"data":{"password":"c2VjcmV0"' });
      await assert.rejects(api.get(CART), { message: `Kubernetes API: GET ${CART}: the response is not JSON` });
      server.apply(buildCart());
      server.injectFault(/ingresses$/, { type: "truncate", cleanly: true });
      await assert.rejects(api.get(INGRESSES), {
        message: `Kubernetes API: GET ${INGRESSES}: the response is not JSON`,
      });
    });

    test("A truncated response is an error of one line", async () => {
      server.apply(buildCart());
      for (const type of ["close", "truncate"] as const) {
        server.injectFault(/ingresses$/, { type });
        await assert.rejects(api.get(INGRESSES), (error: Error) => {
          assert.match(error.message, /^Kubernetes API: GET \/apis\/networking.k8s.io\/v1\/ingresses: [^\n]+$/);
          assert.doesNotMatch(error.message, /fetch failed|terminated/);
          return true;
        });
      }
    });

    test("A request without a response in time is aborted with an error", async () => {
      server.injectFault(/cart/, { type: "hang" });
      await assert.rejects(api.get(CART), { message: `Kubernetes API: GET ${CART}: no response within 1000 ms` });
    });

    test("A write with a lost response may have been executed", async () => {
      server.apply(buildCart());
      server.injectFault(/^PATCH/, { type: "close", done: true });
      await assert.rejects(api.patch(CART, { metadata: { annotations: { written: "yes" } } }));
      assert.deepEqual(server.objects("Ingress", "shop")[0]?.metadata.annotations, { written: "yes" });
    });

    test("Half-open connections are dropped, and the next request succeeds", async () => {
      const relay = await startRelay(Number(new URL(server.url).port));
      const times = { durationSeconds: 3, idleTimeoutMs: 1500 };
      const relayedClient = createKubernetesClient(createRelayedConnections(server.kubeconfig, relay.port), 500, times);
      server.apply(buildCart());
      await relayedClient.get(CART);
      const watchesBefore = server.countWatches();
      const events = relayedClient.watch(INGRESSES, {}, new AbortController().signal);
      await events.next();
      assert.equal(server.countWatches(), watchesBefore + 1);
      relay.freeze();
      const silenceCheck = assert.rejects(events.next(), {
        message: `Kubernetes API: watch of ${INGRESSES}: no data for 1500 ms`,
      });
      await assert.rejects(relayedClient.get(CART), /no response within 500 ms/);
      await relayedClient.get(CART);
      await silenceCheck;
      await relay.close();
    });

    test("A stopped server is an error of one line, and is reached again after its restart", async () => {
      server.apply(buildCart());
      await server.stop();
      const { port } = new URL(server.url);
      await assert.rejects(api.get(CART), {
        message: `Kubernetes API: GET ${CART}: connect ECONNREFUSED 127.0.0.1:${port}`,
      });
      const events = api.watch(INGRESSES, {}, new AbortController().signal);
      await assert.rejects(events.next(), {
        message: `Kubernetes API: watch of ${INGRESSES}: connect ECONNREFUSED 127.0.0.1:${port}`,
      });
      await server.serve();
      await api.get(CART);
    });
  });
}

describe("credentials", () => {
  let server: ApiServer;
  before(async () => {
    server = await ApiServer.start();
    server.apply(buildCart());
  });
  after(() => server.stop());

  /** Counts how often credentials are read, and takes its time for it. */
  class CountingConnections extends Connections {
    reads = 0;
    token = "";
    override createDispatcherOptions(...args: Parameters<Connections["createDispatcherOptions"]>) {
      this.reads += 1;
      return super.createDispatcherOptions(...args);
    }
  }

  test("Credentials are read once for concurrent requests", async () => {
    const connections = new CountingConnections();
    connections.loadFromOptions(server.kubeconfig);
    const api = createKubernetesClient(connections, 1000);
    await Promise.all(Array.from({ length: 20 }, () => api.get(CART)));
    assert.equal(connections.reads, 1);
  });

  test("Credentials are read again after a rejection", async () => {
    const connections = new Connections();
    const { users, ...rest } = server.kubeconfig;
    connections.loadFromOptions({ ...rest, users: users.map((user) => ({ ...user, token: "old" })) });
    const api = createKubernetesClient(connections, 1000);
    await assert.rejects(api.get(CART), { status: 401, reason: "Unauthorized" });
    connections.loadFromOptions(server.kubeconfig);
    await api.get(CART);
  });

  test("Unreadable credentials and a kubeconfig without a server are reported in one line", async () => {
    const connections = new Connections();
    connections.loadFromOptions({ clusters: [], users: [], contexts: [] });
    await assert.rejects(createKubernetesClient(connections).get(CART), {
      message: `Kubernetes API: GET ${CART}: kubeconfig has no current cluster`,
    });
    const wrong = { ...server.kubeconfig, clusters: [{ name: "local", server: "nonsense" }] };
    connections.loadFromOptions(wrong);
    const message = `Kubernetes API: GET ${CART}: kubeconfig server is not a URL: "nonsense"`;
    await assert.rejects(createKubernetesClient(connections).get(CART), { message });
  });
});

test("A watch is aborted at once, even if the server never accepts the connection", async () => {
  const stuck = createServer(); // takes connections and never shakes hands
  const { port, close } = await listen(stuck, 0);
  const connections = new Connections();
  connections.loadFromClusterAndUser(
    { name: "stuck", server: `https://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "edgress", token: "t" },
  );
  const abortController = new AbortController();
  const connected = once(stuck, "connection");
  const next = createKubernetesClient(connections).watch(INGRESSES, {}, abortController.signal).next();
  await connected;
  const from = performance.now();
  abortController.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.ok(performance.now() - from < 2500);
  await close();
});
