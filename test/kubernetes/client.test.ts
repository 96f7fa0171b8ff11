import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiError,
  createKubernetesClient,
  type KubernetesClient,
  type Query,
  type WatchEvent,
} from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { listen } from "../../sync/net/listen.ts";
import { ApiServer, type WatchFault } from "../support/api-server.ts";
import { startRelay } from "../support/relay.ts";

const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
const CART = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/cart";
const WATCHES = /watch=true/;

function buildCart(annotations: Record<string, string> = {}, name = "cart") {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace: "shop", name, annotations },
  };
}

function createConnections(kubeconfig: ApiServer["kubeconfig"], port?: number): Connections {
  const connections = new Connections();
  const server = (url: string) => (port === undefined ? url : url.replace(/\d+$/, String(port)));
  const clusters = kubeconfig.clusters.map((cluster) => ({ ...cluster, server: server(cluster.server) }));
  connections.loadFromOptions({ ...kubeconfig, clusters });
  return connections;
}

/** Waits for what is true soon. */
async function waitUntilTrue(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !holds(); await sleep(5))
    assert.ok(performance.now() < end, String(holds));
}

for (const tls of [false, true]) {
  describe(tls ? "the API server over TLS and HTTP/2" : "the API server over HTTP/1.1", () => {
    let server: ApiServer;
    let connections: Connections;
    let api: KubernetesClient;
    /** Its watches last long enough for a bookmark. */
    let bookmarkClient: KubernetesClient;
    /** Its watches last longer than it puts up with silence. */
    let shortTimeoutClient: KubernetesClient;

    before(async () => {
      server = await ApiServer.start({ tls });
      connections = createConnections(server.kubeconfig);
      api = createKubernetesClient(connections, 1000, { durationSeconds: 1, idleTimeoutMs: 5000 });
      bookmarkClient = createKubernetesClient(connections, 1000, { durationSeconds: 3, idleTimeoutMs: 5000 });
      shortTimeoutClient = createKubernetesClient(connections, 1000, { durationSeconds: 20, idleTimeoutMs: 500 });
    });
    after(() => server.stop());
    afterEach(() => {
      server.clearFaults();
      server.remove("Namespace", undefined, "shop");
    });

    /** What a watch from now on tells until it is over; `act` happens once it is open. */
    async function collectWatchLines(client: KubernetesClient, act: () => void, query: Query = {}): Promise<string[]> {
      const { resourceVersion } = server.apply(buildCart()).metadata;
      const before = server.requests.length;
      const action = waitUntilTrue(() => server.requests.length > before).then(act);
      const lines: string[] = [];
      try {
        for await (const event of client.watch(
          INGRESSES,
          { resourceVersion, ...query },
          new AbortController().signal,
        )) {
          lines.push(formatEvent(event));
        }
      } finally {
        await action;
      }
      return lines;
    }

    function formatEvent({ type, object }: WatchEvent): string {
      const { metadata, code } = object as { metadata?: { name?: string }; code?: number };
      return `${type} ${code ?? metadata?.name ?? "-"}`;
    }

    test("a refusal has its status, its reason, and one line", async () => {
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

    test("the refusal of a watch is told as the server told it", async () => {
      server.forbid(WATCHES);
      await assert.rejects(
        collectWatchLines(api, () => {}),
        {
          status: 403,
          reason: "Forbidden",
          message:
            'ingresses.networking.k8s.io is forbidden: User "edgress" cannot watch resource "ingresses" in API group "networking.k8s.io" at the cluster scope',
        },
      );
    });

    test("an answer that isn't JSON is an error, and nothing of it is told", async () => {
      server.injectFault(/cart/, { type: "answer", status: 200, text: '{"data":{"password":"c2VjcmV0"' });
      await assert.rejects(api.get(CART), { message: `GET ${CART}: the response is not JSON` });
      server.apply(buildCart());
      server.injectFault(/ingresses$/, { type: "truncate", cleanly: true });
      await assert.rejects(api.get(INGRESSES), { message: `GET ${INGRESSES}: the response is not JSON` });
    });

    test("an answer that breaks off is an error of one line", async () => {
      server.apply(buildCart());
      for (const type of ["close", "truncate"] as const) {
        server.injectFault(/ingresses$/, { type });
        await assert.rejects(api.get(INGRESSES), (error: Error) => {
          assert.match(error.message, /^GET \/apis\/networking.k8s.io\/v1\/ingresses: [^\n]+$/);
          assert.doesNotMatch(error.message, /fetch failed|terminated/);
          return true;
        });
      }
    });

    test("no answer in time is an error, and the request comes to an end", async () => {
      server.injectFault(/cart/, { type: "hang" });
      await assert.rejects(api.get(CART), { message: `GET ${CART}: no response from the API server within 1000 ms` });
    });

    test("a write may have happened though its answer got lost", async () => {
      server.apply(buildCart());
      server.injectFault(/^PATCH/, { type: "close", done: true });
      await assert.rejects(api.patch(CART, { metadata: { annotations: { written: "yes" } } }));
      assert.deepEqual(server.objects("Ingress", "shop")[0]?.metadata.annotations, { written: "yes" });
    });

    test("a watch tells all it is sent, and is over when its time is", async () => {
      const lines = await collectWatchLines(api, () => {
        server.apply(buildCart({}, "other"));
        server.remove("Ingress", "shop", "cart");
      });
      assert.deepEqual(lines, ["ADDED other", "DELETED cart"]);
    });

    test("a bookmark moves the version on past what a watch doesn't see", async () => {
      const act = () => void server.apply(buildCart({}, "other"));
      assert.deepEqual(await collectWatchLines(bookmarkClient, act, { fieldSelector: "metadata.name=cart" }), [
        "BOOKMARK -",
      ]);
    });

    test("no character of an event gets lost, wherever its bytes are parted", async () => {
      const text = `${"é\u2028\u0085".repeat(60_000)}€`;
      const events = api.watch(INGRESSES, { resourceVersion: "0" }, new AbortController().signal);
      server.apply(buildCart({ text }));
      const { value } = await events.next();
      assert.equal((value as { object: ReturnType<typeof buildCart> }).object.metadata.annotations.text, text);
      await events.return();
    });

    test("an ERROR event is told, and ends the watch", async () => {
      const act = () => void server.injectWatchFault(WATCHES, { type: "error", code: 410, reason: "Expired" });
      assert.deepEqual(await collectWatchLines(api, act), ["ERROR 410"]);
    });

    const watchFaults: [string, WatchFault, RegExp][] = [
      ["that is cut", { type: "cut" }, /^watch \S+: (?!terminated|fetch failed)[^\n]+$/],
      ["that is cut in the middle of an event", { type: "cut", half: true }, /^watch \S+: (?!terminated)[^\n]+$/],
      ["that falls silent", { type: "silence" }, /: no data from the API server for 500 ms$/],
      ["with an event that can't be read", { type: "unparsable" }, /: invalid watch event from the API server$/],
      [
        "that is answered with something else",
        { type: "unparsable", line: '{"kind":"Status","code":500}' },
        /: invalid watch event from the API server$/,
      ],
    ];
    for (const [condition, fault, message] of watchFaults) {
      test(`a watch ${condition} is an error, from the start or in its course`, async () => {
        const act = () => {
          assert.equal(server.injectWatchFault(WATCHES, fault), 1);
          server.apply(buildCart({ changed: "yes" }));
        };
        await assert.rejects(collectWatchLines(shortTimeoutClient, act), { message });
        server.injectFault(WATCHES, fault);
        await assert.rejects(
          collectWatchLines(shortTimeoutClient, () => void server.apply(buildCart({ changed: "again" }))),
          { message },
        );
        await waitUntilTrue(() => server.countWatches() === 0);
      });
    }

    test("a watch that is given up is over at once, and its connection is not kept busy", async () => {
      for (const fault of [{ type: "hang" }, { type: "silence" }, { type: "twice" }] as const) {
        const abortController = new AbortController();
        const { resourceVersion } = server.apply(buildCart()).metadata;
        const before = server.requests.length;
        server.injectFault(WATCHES, fault);
        const next = api.watch(INGRESSES, { resourceVersion }, abortController.signal).next();
        await waitUntilTrue(() => server.requests.length > before);
        const from = performance.now();
        abortController.abort();
        assert.deepEqual(await next, { done: true, value: undefined });
        assert.ok(performance.now() - from < 500);
      }
      await waitUntilTrue(() => server.countWatches() === 0);
    });

    test("a watch that is given up tells nothing more of what it was sent", async () => {
      const abortController = new AbortController();
      for (const name of ["a", "b", "c"]) server.apply(buildCart({}, name));
      const events = api.watch(INGRESSES, {}, abortController.signal);
      assert.equal(formatEvent((await events.next()).value as WatchEvent), "ADDED a");
      abortController.abort();
      assert.equal((await events.next()).done, true);
      assert.equal((await api.watch(INGRESSES, {}, abortController.signal).next()).done, true);
    });

    test("a reader that takes its time is not taken for silence", async () => {
      const events = shortTimeoutClient.watch(INGRESSES, {}, new AbortController().signal);
      for (const name of ["a", "b"]) server.apply(buildCart({}, name));
      await events.next();
      await sleep(800);
      assert.equal(formatEvent((await events.next()).value as WatchEvent), "ADDED b");
      await events.return();
    });

    test("half-open connections are given up, and what is asked for next gets through", async () => {
      const relay = await startRelay(Number(new URL(server.url).port));
      const times = { durationSeconds: 3, idleTimeoutMs: 1500 };
      const relayedClient = createKubernetesClient(createConnections(server.kubeconfig, relay.port), 500, times);
      server.apply(buildCart());
      await relayedClient.get(CART);
      const watchesBefore = server.countWatches();
      const events = relayedClient.watch(INGRESSES, {}, new AbortController().signal);
      await events.next();
      assert.equal(server.countWatches(), watchesBefore + 1);
      relay.freeze();
      const silenceCheck = assert.rejects(events.next(), {
        message: `watch ${INGRESSES}: no data from the API server for 1500 ms`,
      });
      await assert.rejects(relayedClient.get(CART), /no response from the API server within 500 ms/);
      await relayedClient.get(CART);
      await silenceCheck;
      await relay.close();
    });

    test("an answer that is late costs no other request and no watch", async () => {
      const lines = collectWatchLines(api, () => void setTimeout(() => server.apply(buildCart({}, "other")), 500));
      server.injectFault(/secrets/, { type: "hang" });
      const impatientClient = createKubernetesClient(connections, 200);
      await assert.rejects(impatientClient.get("/api/v1/secrets"));
      assert.deepEqual(await lines, ["ADDED other"]);
    });

    test("a server that went away is an error of one line, and is found again when it is back", async () => {
      server.apply(buildCart());
      await server.stop();
      const { port } = new URL(server.url);
      await assert.rejects(api.get(CART), { message: `GET ${CART}: connect ECONNREFUSED 127.0.0.1:${port}` });
      const events = api.watch(INGRESSES, {}, new AbortController().signal);
      await assert.rejects(events.next(), { message: `watch ${INGRESSES}: connect ECONNREFUSED 127.0.0.1:${port}` });
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

  test("are read once for all who ask at the same time", async () => {
    const connections = new CountingConnections();
    connections.loadFromOptions(server.kubeconfig);
    const api = createKubernetesClient(connections, 1000);
    await Promise.all(Array.from({ length: 20 }, () => api.get(CART)));
    assert.equal(connections.reads, 1);
  });

  test("are read anew once they were refused", async () => {
    const connections = new Connections();
    const { users, ...rest } = server.kubeconfig;
    connections.loadFromOptions({ ...rest, users: users.map((user) => ({ ...user, token: "old" })) });
    const api = createKubernetesClient(connections, 1000);
    await assert.rejects(api.get(CART), { status: 401, reason: "Unauthorized" });
    connections.loadFromOptions(server.kubeconfig);
    await api.get(CART);
  });

  test("and a kubeconfig without a server are told in one line", async () => {
    const connections = new Connections();
    connections.loadFromOptions({ clusters: [], users: [], contexts: [] });
    await assert.rejects(createKubernetesClient(connections).get(CART), {
      message: `GET ${CART}: kubeconfig has no current cluster`,
    });
    const wrong = { ...server.kubeconfig, clusters: [{ name: "local", server: "nonsense" }] };
    connections.loadFromOptions(wrong);
    const message = `GET ${CART}: kubeconfig server is not a URL: "nonsense"`;
    await assert.rejects(createKubernetesClient(connections).get(CART), { message });
  });
});

test("a watch is given up at once though the server never takes the connection", async () => {
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
  assert.ok(performance.now() - from < 500);
  await close();
});
