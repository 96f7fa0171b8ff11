import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import type { WatchedObject } from "../../sync/kubernetes/list.ts";
import { type Change, listAndWatch } from "../../sync/kubernetes/list-watch.ts";
import { ApiServer } from "../support/api-server.ts";
import { buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

let server: ApiServer;
let abortController: AbortController;
const PATH = "/api/v1/services";

beforeEach(async () => {
  server = await ApiServer.start();
  abortController = new AbortController();
});

afterEach(async () => {
  abortController.abort();
  await server.stop();
});

/** Follows the Services of a server; its watches last two seconds, its pauses are noted and cost no time. */
function followServices() {
  const connections = new Connections();
  connections.loadFromOptions(server.kubeconfig);
  const api = createKubernetesClient(connections, 2000, { durationSeconds: 2, idleTimeoutMs: 4000 });
  const changes: Change<string>[] = [];
  const transform = ({ metadata }: WatchedObject) => metadata.name;
  const pauses: number[] = [];
  const run = async () => {
    const pause = async (ms: number) => void pauses.push(ms);
    for await (const change of listAndWatch(api, { path: PATH, query: {}, transform }, abortController.signal, pause))
      changes.push(change);
  };
  void run();
  return { changes, pauses, types: () => changes.map(({ type }) => type) };
}

describe("list and watch", () => {
  test("A watch that ends normally is followed by the next one at once", async () => {
    const { pauses } = followServices();
    const watches = () => server.requests.filter(({ query }) => query.watch).length;
    await waitFor(() => watches() >= 4);
    assert.deepEqual(pauses, []);
    assert.equal(server.requests.filter(({ query }) => !query.watch).length, 1);
  });

  test("A list is reported as a whole, and later changes one by one", async () => {
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
    const { changes, types } = followServices();
    await waitFor(() => types().includes("listed"));
    server.apply(buildServiceManifest("shop", ["203.0.113.11"]));
    server.remove("Service", "default", "web");
    await waitFor(() => changes.length === 3);
    assert.deepEqual(types(), ["listed", "updated", "deleted"]);
  });

  test("A list that fails halfway is reported as a failure, and no object as deleted", async () => {
    for (let number = 0; number < 600; number++) server.apply(buildServiceManifest(`web-${number}`, ["203.0.113.10"]));
    server.injectFault(/continue=/, { type: "answer", status: 500, reason: "InternalError" });
    const { changes, types } = followServices();
    await waitFor(() => types().includes("listed"));
    assert.deepEqual(types(), ["failed", "answered", "listed"]);
    const [, , listChange] = changes;
    assert.equal(listChange?.type === "listed" && listChange.objects.length, 600);
  });

  test("A list that is shorter than its own count is a failure", async () => {
    for (let number = 0; number < 600; number++) server.apply(buildServiceManifest(`web-${number}`, ["203.0.113.10"]));
    server.injectFault(/limit=/, { type: "short", items: 20, remainder: "more" });
    const { changes, types } = followServices();
    await waitFor(() => types().includes("listed"));
    assert.deepEqual(types(), ["failed", "answered", "listed"]);
    assert.match(changes[0]?.type === "failed" ? changes[0].error.message : "", /lacks \d+ objects/);
  });

  test("A version that is too old causes a new list, and no failure", async () => {
    const { types } = followServices();
    await waitFor(() => types().includes("listed"));
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
    await waitFor(() => types().includes("updated"));
    server.injectWatchFault(/./, { type: "error", code: 410, reason: "Expired" });
    await waitFor(() => types().length === 3);
    assert.deepEqual(types(), ["listed", "updated", "listed"]);
  });

  test("An unreachable server is retried after growing pauses, from the last version", async () => {
    const { types, pauses } = followServices();
    await waitFor(() => types().includes("listed"));
    await server.stop();
    await waitFor(() => pauses.length >= 4);
    await server.serve();
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
    await waitFor(() => types().includes("updated"));
    assert.deepEqual([types()[0], types().at(-1)], ["listed", "updated"]);
    assert.equal(types().filter((type) => type === "listed").length, 1);
    const [first = 0, second = 0, third = 0] = pauses;
    assert.ok(first >= 500 && first <= 750 && second >= 1000 && second <= 1500 && third >= 2000, `${pauses}`);
  });

  test("The pauses of a second outage begin at the minimum again", async () => {
    const { types, pauses } = followServices();
    await waitFor(() => types().includes("listed"));
    await server.stop();
    await waitFor(() => pauses.length >= 4);
    await server.serve();
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
    await waitFor(() => types().includes("updated"));
    const seenAt = performance.now();
    await waitFor(() => performance.now() - seenAt > 1200); // it is well for more than a second
    const { length } = pauses;
    await server.stop();
    await waitFor(() => pauses.length > length);
    assert.ok((pauses[length] ?? 0) <= 750, `${pauses.slice(length)}`);
  });
});
