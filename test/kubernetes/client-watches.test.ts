import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createKubernetesClient,
  type KubernetesClient,
  type Query,
  type WatchEvent,
} from "../../sync/kubernetes/client.ts";
import type { Connections } from "../../sync/kubernetes/connections.ts";
import { INGRESSES } from "../support/api-server/client.ts";
import {
  buildCart,
  createRelayedConnections,
  WATCHES,
  waitUntilTrue,
} from "../support/api-server/kubernetes-client.ts";
import { ApiServer, type WatchFault } from "../support/api-server.ts";

for (const tls of [true, false]) {
  describe(tls ? "watches over TLS and HTTP/2" : "watches over HTTP/1.1", () => {
    let server: ApiServer;
    let connections: Connections;
    let api: KubernetesClient;
    /** Its watches last long enough for a bookmark. */
    let bookmarkClient: KubernetesClient;
    /** Its watches last longer than it puts up with silence. */
    let shortTimeoutClient: KubernetesClient;

    before(async () => {
      server = await ApiServer.start({ tls });
      connections = createRelayedConnections(server.kubeconfig);
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

    test("A late response delays no other request and no watch", async () => {
      const lines = collectWatchLines(api, () => void setTimeout(() => server.apply(buildCart({}, "other")), 500));
      server.injectFault(/secrets/, { type: "hang" });
      const impatientClient = createKubernetesClient(connections, 200);
      await assert.rejects(impatientClient.get("/api/v1/secrets"));
      assert.deepEqual(await lines, ["ADDED other"]);
    });

    test("The rejection of a watch has the server's message", async () => {
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

    test("A watch reports all events and ends at its timeout", async () => {
      const lines = await collectWatchLines(api, () => {
        server.apply(buildCart({}, "other"));
        server.remove("Ingress", "shop", "cart");
      });
      assert.deepEqual(lines, ["ADDED other", "DELETED cart"]);
    });

    test("A bookmark advances the version of a watch", async () => {
      const act = () => void server.apply(buildCart({}, "other"));
      assert.deepEqual(await collectWatchLines(bookmarkClient, act, { fieldSelector: "metadata.name=cart" }), [
        "BOOKMARK -",
      ]);
    });

    test("An event loses no character, wherever its bytes are split", async () => {
      const text = `${"é\u2028\u0085".repeat(60_000)}€`;
      const events = api.watch(INGRESSES, { resourceVersion: "0" }, new AbortController().signal);
      server.apply(buildCart({ text }));
      const { value } = await events.next();
      assert.equal((value as { object: ReturnType<typeof buildCart> }).object.metadata.annotations.text, text);
      await events.return();
    });

    test("An ERROR event is reported and ends the watch", async () => {
      const act = () => void server.injectWatchFault(WATCHES, { type: "error", code: 410, reason: "Expired" });
      assert.deepEqual(await collectWatchLines(api, act), ["ERROR 410"]);
    });

    const watchFaults: [string, WatchFault, RegExp][] = [
      ["that is cut", { type: "cut" }, /^Kubernetes API: watch of \S+: (?!terminated|fetch failed)[^\n]+$/],
      [
        "that is cut in the middle of an event",
        { type: "cut", half: true },
        /^Kubernetes API: watch of \S+: (?!terminated)[^\n]+$/,
      ],
      ["that falls silent", { type: "silence" }, /: no data for 500 ms$/],
      ["with an event that can't be read", { type: "unparsable" }, /: invalid watch event from the API server$/],
      [
        "that is answered with something else",
        { type: "unparsable", line: '{"kind":"Status","code":500}' },
        /: invalid watch event from the API server$/,
      ],
    ];
    for (const [condition, fault, message] of watchFaults) {
      test(`A watch ${condition} is an error, at its start or later`, async () => {
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

    test("An aborted watch ends at once and frees its connection", async () => {
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
        assert.ok(performance.now() - from < 2500);
      }
      await waitUntilTrue(() => server.countWatches() === 0);
    });

    test("An aborted watch reports no further event", async () => {
      const abortController = new AbortController();
      for (const name of ["a", "b", "c"]) server.apply(buildCart({}, name));
      const events = api.watch(INGRESSES, {}, abortController.signal);
      assert.equal(formatEvent((await events.next()).value as WatchEvent), "ADDED a");
      abortController.abort();
      assert.equal((await events.next()).done, true);
      assert.equal((await api.watch(INGRESSES, {}, abortController.signal).next()).done, true);
    });

    test("A slow reader is not treated as an idle connection", async () => {
      const events = shortTimeoutClient.watch(INGRESSES, {}, new AbortController().signal);
      for (const name of ["a", "b"]) server.apply(buildCart({}, name));
      await events.next();
      await sleep(800);
      assert.equal(formatEvent((await events.next()).value as WatchEvent), "ADDED b");
      await events.return();
    });
  });
}
