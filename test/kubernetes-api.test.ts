import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../sync/dev/listening.ts";
import { type Api, ApiError, apiOf, type Query, type WatchEvent } from "../sync/kubernetes/api.ts";
import { Connections } from "../sync/kubernetes/connections.ts";
import { ApiServer, type StreamFault } from "./support/api-server.ts";
import { startRelay } from "./support/relay.ts";

const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
const CART = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/cart";
const WATCHES = /watch=true/;

function cart(annotations: Record<string, string> = {}, name = "cart") {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace: "shop", name, annotations },
  };
}

function connectionsTo(kubeconfig: ApiServer["kubeconfig"], port?: number): Connections {
  const connections = new Connections();
  const server = (url: string) => (port === undefined ? url : url.replace(/\d+$/, String(port)));
  const clusters = kubeconfig.clusters.map((cluster) => ({ ...cluster, server: server(cluster.server) }));
  connections.loadFromOptions({ ...kubeconfig, clusters });
  return connections;
}

/** Waits for what is true soon. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !holds(); await sleep(5))
    assert.ok(performance.now() < end, String(holds));
}

for (const tls of [false, true]) {
  describe(tls ? "the API server over TLS and HTTP/2" : "the API server over HTTP/1.1", () => {
    let server: ApiServer;
    let connections: Connections;
    let api: Api;
    /** Its watches last long enough for a bookmark. */
    let patient: Api;
    /** Its watches last longer than it puts up with silence. */
    let impatient: Api;

    before(async () => {
      server = await ApiServer.start({ tls });
      connections = connectionsTo(server.kubeconfig);
      api = apiOf(connections, 1000, { lastsSeconds: 1, silenceMs: 5000 });
      patient = apiOf(connections, 1000, { lastsSeconds: 3, silenceMs: 5000 });
      impatient = apiOf(connections, 1000, { lastsSeconds: 20, silenceMs: 500 });
    });
    after(() => server.stop());
    afterEach(() => {
      server.heal();
      server.remove("Namespace", undefined, "shop");
    });

    /** What a watch from now on tells until it is over; `act` happens once it is open. */
    async function told(by: Api, act: () => void, query: Query = {}): Promise<string[]> {
      const { resourceVersion } = server.apply(cart()).metadata;
      const before = server.requests.length;
      const acted = until(() => server.requests.length > before).then(act);
      const lines: string[] = [];
      try {
        for await (const event of by.watch(INGRESSES, { resourceVersion, ...query }, new AbortController().signal)) {
          lines.push(lineOf(event));
        }
      } finally {
        await acted;
      }
      return lines;
    }

    function lineOf({ type, object }: WatchEvent): string {
      const { metadata, code } = object as { metadata?: { name?: string }; code?: number };
      return `${type} ${code ?? metadata?.name ?? "-"}`;
    }

    test("a refusal has its status, its reason, and one line", async () => {
      server.strike(/cart/, { type: "answer", status: 429, retryAfterSeconds: 7, message: "too many\nrequests" });
      await assert.rejects(api.get(CART), {
        status: 429,
        reason: "TooManyRequests",
        message: "too many requests",
        retryAfterSeconds: 7,
      });
      server.strike(/cart/, { type: "answer", status: 502, text: "<html>Bad\nGateway</html>" });
      await assert.rejects(api.get(CART), new ApiError(502, "Unknown", "the API server answered 502"));
    });

    test("the refusal of a watch is told as the server told it", async () => {
      server.forbid(WATCHES);
      await assert.rejects(
        told(api, () => {}),
        {
          status: 403,
          reason: "Forbidden",
          message:
            'ingresses.networking.k8s.io is forbidden: User "edgress" cannot watch resource "ingresses" in API group "networking.k8s.io" at the cluster scope',
        },
      );
    });

    test("an answer that isn't JSON is an error, and nothing of it is told", async () => {
      server.strike(/cart/, { type: "answer", status: 200, text: '{"data":{"password":"c2VjcmV0"' });
      await assert.rejects(api.get(CART), { message: `GET ${CART}: the answer is not JSON` });
      server.apply(cart());
      server.strike(/ingresses$/, { type: "truncate", cleanly: true });
      await assert.rejects(api.get(INGRESSES), { message: `GET ${INGRESSES}: the answer is not JSON` });
    });

    test("an answer that breaks off is an error of one line", async () => {
      server.apply(cart());
      for (const type of ["close", "truncate"] as const) {
        server.strike(/ingresses$/, { type });
        await assert.rejects(api.get(INGRESSES), (error: Error) => {
          assert.match(error.message, /^GET \/apis\/networking.k8s.io\/v1\/ingresses: [^\n]+$/);
          assert.doesNotMatch(error.message, /fetch failed|terminated/);
          return true;
        });
      }
    });

    test("no answer in time is an error, and the request comes to an end", async () => {
      server.strike(/cart/, { type: "hang" });
      await assert.rejects(api.get(CART), { message: `GET ${CART}: no answer from the API server within 1000 ms` });
    });

    test("a write may have happened though its answer got lost", async () => {
      server.apply(cart());
      server.strike(/^PATCH/, { type: "close", done: true });
      await assert.rejects(api.patch(CART, { metadata: { annotations: { written: "yes" } } }));
      assert.deepEqual(server.objects("Ingress", "shop")[0]?.metadata.annotations, { written: "yes" });
    });

    test("a watch tells all it is sent, and is over when its time is", async () => {
      const lines = await told(api, () => {
        server.apply(cart({}, "other"));
        server.remove("Ingress", "shop", "cart");
      });
      assert.deepEqual(lines, ["ADDED other", "DELETED cart"]);
    });

    test("a bookmark moves the version on past what a watch doesn't see", async () => {
      const act = () => void server.apply(cart({}, "other"));
      assert.deepEqual(await told(patient, act, { fieldSelector: "metadata.name=cart" }), ["BOOKMARK -"]);
    });

    test("no character of an event gets lost, wherever its bytes are parted", async () => {
      const text = `${"é\u2028\u0085".repeat(60_000)}€`;
      const events = api.watch(INGRESSES, { resourceVersion: "0" }, new AbortController().signal);
      server.apply(cart({ text }));
      const { value } = await events.next();
      assert.equal((value as { object: ReturnType<typeof cart> }).object.metadata.annotations.text, text);
      await events.return();
    });

    test("an ERROR event is told, and ends the watch", async () => {
      const act = () => void server.strikeWatches(WATCHES, { type: "error", code: 410, reason: "Expired" });
      assert.deepEqual(await told(api, act), ["ERROR 410"]);
    });

    const broken: [string, StreamFault, RegExp][] = [
      ["that is cut", { type: "cut" }, /^watch \S+: (?!terminated|fetch failed)[^\n]+$/],
      ["that is cut in the middle of an event", { type: "cut", half: true }, /^watch \S+: (?!terminated)[^\n]+$/],
      ["that falls silent", { type: "silence" }, /: nothing from the API server for 500 ms$/],
      [
        "with an event that can't be read",
        { type: "unparsable" },
        /: the API server sent an event that can't be read$/,
      ],
      [
        "that is answered with something else",
        { type: "unparsable", line: '{"kind":"Status","code":500}' },
        /: the API server sent an event that can't be read$/,
      ],
    ];
    for (const [what, fault, message] of broken) {
      test(`a watch ${what} is an error, from the start or in its course`, async () => {
        const act = () => {
          assert.equal(server.strikeWatches(WATCHES, fault), 1);
          server.apply(cart({ changed: "yes" }));
        };
        await assert.rejects(told(impatient, act), { message });
        server.strike(WATCHES, fault);
        await assert.rejects(
          told(impatient, () => void server.apply(cart({ changed: "again" }))),
          { message },
        );
        await until(() => server.watches() === 0);
      });
    }

    test("a watch that is given up is over at once, and its connection is not kept busy", async () => {
      for (const fault of [{ type: "hang" }, { type: "silence" }, { type: "twice" }] as const) {
        const ended = new AbortController();
        const { resourceVersion } = server.apply(cart()).metadata;
        const before = server.requests.length;
        server.strike(WATCHES, fault);
        const next = api.watch(INGRESSES, { resourceVersion }, ended.signal).next();
        await until(() => server.requests.length > before);
        const from = performance.now();
        ended.abort();
        assert.deepEqual(await next, { done: true, value: undefined });
        assert.ok(performance.now() - from < 500);
      }
      await until(() => server.watches() === 0);
    });

    test("a watch that is given up tells nothing more of what it was sent", async () => {
      const ended = new AbortController();
      for (const name of ["a", "b", "c"]) server.apply(cart({}, name));
      const events = api.watch(INGRESSES, {}, ended.signal);
      assert.equal(lineOf((await events.next()).value as WatchEvent), "ADDED a");
      ended.abort();
      assert.equal((await events.next()).done, true);
      assert.equal((await api.watch(INGRESSES, {}, ended.signal).next()).done, true);
    });

    test("a reader that takes its time is not taken for silence", async () => {
      const events = impatient.watch(INGRESSES, {}, new AbortController().signal);
      for (const name of ["a", "b"]) server.apply(cart({}, name));
      await events.next();
      await sleep(800);
      assert.equal(lineOf((await events.next()).value as WatchEvent), "ADDED b");
      await events.return();
    });

    test("half-open connections are given up, and what is asked for next gets through", async () => {
      const relay = await startRelay(Number(new URL(server.url).port));
      const times = { lastsSeconds: 3, silenceMs: 1500 };
      const relayed = apiOf(connectionsTo(server.kubeconfig, relay.port), 500, times);
      server.apply(cart());
      await relayed.get(CART);
      const opened = server.watches();
      const events = relayed.watch(INGRESSES, {}, new AbortController().signal);
      await events.next();
      assert.equal(server.watches(), opened + 1);
      relay.freeze();
      const silent = assert.rejects(events.next(), {
        message: `watch ${INGRESSES}: nothing from the API server for 1500 ms`,
      });
      await assert.rejects(relayed.get(CART), /no answer from the API server within 500 ms/);
      await relayed.get(CART);
      await silent;
      await relay.close();
    });

    test("an answer that is late costs no other request and no watch", async () => {
      const lines = told(api, () => void setTimeout(() => server.apply(cart({}, "other")), 500));
      server.strike(/secrets/, { type: "hang" });
      const short = apiOf(connections, 200);
      await assert.rejects(short.get("/api/v1/secrets"));
      assert.deepEqual(await lines, ["ADDED other"]);
    });

    test("a server that went away is an error of one line, and is found again when it is back", async () => {
      server.apply(cart());
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
    server.apply(cart());
  });
  after(() => server.stop());

  /** Counts how often credentials are read, and takes its time for it. */
  class Counted extends Connections {
    reads = 0;
    token = "";
    override createDispatcherOptions(...given: Parameters<Connections["createDispatcherOptions"]>) {
      this.reads += 1;
      return super.createDispatcherOptions(...given);
    }
  }

  test("are read once for all who ask at the same time", async () => {
    const connections = new Counted();
    connections.loadFromOptions(server.kubeconfig);
    const api = apiOf(connections, 1000);
    await Promise.all(Array.from({ length: 20 }, () => api.get(CART)));
    assert.equal(connections.reads, 1);
  });

  test("are read anew once they were refused", async () => {
    const connections = new Connections();
    const { users, ...rest } = server.kubeconfig;
    connections.loadFromOptions({ ...rest, users: users.map((user) => ({ ...user, token: "old" })) });
    const api = apiOf(connections, 1000);
    await assert.rejects(api.get(CART), { status: 401, reason: "Unauthorized" });
    connections.loadFromOptions(server.kubeconfig);
    await api.get(CART);
  });

  test("and a kubeconfig without a server are told in one line", async () => {
    const connections = new Connections();
    connections.loadFromOptions({ clusters: [], users: [], contexts: [] });
    await assert.rejects(apiOf(connections).get(CART), { message: `GET ${CART}: the kubeconfig names no cluster` });
    const wrong = { ...server.kubeconfig, clusters: [{ name: "local", server: "nonsense" }] };
    connections.loadFromOptions(wrong);
    const message = `GET ${CART}: the kubeconfig's server is not a URL: "nonsense"`;
    await assert.rejects(apiOf(connections).get(CART), { message });
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
  const ended = new AbortController();
  const connected = once(stuck, "connection");
  const next = apiOf(connections).watch(INGRESSES, {}, ended.signal).next();
  await connected;
  const from = performance.now();
  ended.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.ok(performance.now() - from < 500);
  await close();
});
