import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { apiOf } from "../sync/kubernetes/api.ts";
import { type Change, changes, type Identified } from "../sync/kubernetes/changes.ts";
import { Connections } from "../sync/kubernetes/connections.ts";
import { ApiServer } from "./support/api-server.ts";
import { service, until } from "./support/edge.ts";

let server: ApiServer;
let ended: AbortController;
const PATH = "/api/v1/services";

beforeEach(async () => {
  server = await ApiServer.start();
  ended = new AbortController();
});

afterEach(async () => {
  ended.abort();
  await server.stop();
});

/** Follows the Services of a server; its watches last two seconds, its pauses are noted and cost no time. */
function following() {
  const connections = new Connections();
  connections.loadFromOptions(server.kubeconfig);
  const api = apiOf(connections, 2000, { lastsSeconds: 2, silenceMs: 4000 });
  const seen: Change<string>[] = [];
  const keep = ({ metadata }: Identified) => metadata.name;
  const pauses: number[] = [];
  const run = async () => {
    const pause = async (ms: number) => void pauses.push(ms);
    for await (const change of changes(api, { path: PATH, query: {}, keep }, ended.signal, pause)) seen.push(change);
  };
  void run();
  return { seen, pauses, types: () => seen.map(({ type }) => type) };
}

describe("the changes to a collection", () => {
  test("a watch that ends in peace is followed by the next at once, however quiet it was", async () => {
    const { pauses } = following();
    const watches = () => server.requests.filter(({ query }) => query.watch).length;
    await until(() => watches() >= 4);
    assert.deepEqual(pauses, []);
    assert.equal(server.requests.filter(({ query }) => !query.watch).length, 1);
  });

  test("a list is told as a whole, and what comes after it one by one", async () => {
    server.apply(service("web", ["203.0.113.10"]));
    const { seen, types } = following();
    await until(() => types().includes("listed"));
    server.apply(service("shop", ["203.0.113.11"]));
    server.remove("Service", "default", "web");
    await until(() => seen.length === 3);
    assert.deepEqual(types(), ["listed", "seen", "gone"]);
  });

  test("a list that fails half way is told as a failure, and no object as gone", async () => {
    for (let number = 0; number < 600; number++) server.apply(service(`web-${number}`, ["203.0.113.10"]));
    server.strike(/continue=/, { type: "answer", status: 500, reason: "InternalError" });
    const { seen, types } = following();
    await until(() => types().includes("listed"));
    assert.deepEqual(types(), ["failed", "listed"]);
    const [, listed] = seen;
    assert.equal(listed?.type === "listed" && listed.objects.length, 600);
  });

  test("a list that comes back shorter than it says is no list", async () => {
    for (let number = 0; number < 600; number++) server.apply(service(`web-${number}`, ["203.0.113.10"]));
    server.strike(/limit=/, { type: "short", items: 20, says: "more" });
    const { seen, types } = following();
    await until(() => types().includes("listed"));
    assert.deepEqual(types(), ["failed", "listed"]);
    assert.match(seen[0]?.type === "failed" ? seen[0].error.message : "", /ends \d+ objects short/);
  });

  test("a version that is too old means a new list, and no failure", async () => {
    const { types } = following();
    await until(() => types().includes("listed"));
    server.apply(service("web", ["203.0.113.10"]));
    await until(() => types().includes("seen"));
    server.strikeWatches(/./, { type: "error", code: 410, reason: "Expired" });
    await until(() => types().length === 3);
    assert.deepEqual(types(), ["listed", "seen", "listed"]);
  });

  test("a server that is gone for a while is asked again after growing pauses, from where it was left", async () => {
    const { types, pauses } = following();
    await until(() => types().includes("listed"));
    await server.stop();
    await until(() => pauses.length >= 4);
    await server.serve();
    server.apply(service("web", ["203.0.113.10"]));
    await until(() => types().includes("seen"));
    assert.deepEqual([types()[0], types().at(-1)], ["listed", "seen"]);
    assert.equal(types().filter((type) => type === "listed").length, 1);
    const [first = 0, second = 0, third = 0] = pauses;
    assert.ok(first >= 500 && first <= 750 && second >= 1000 && second <= 1500 && third >= 2000, `${pauses}`);
  });

  test("after an outage that is over, the pauses of the next one begin small again", async () => {
    const { types, pauses } = following();
    await until(() => types().includes("listed"));
    await server.stop();
    await until(() => pauses.length >= 4);
    await server.serve();
    server.apply(service("web", ["203.0.113.10"]));
    await until(() => types().includes("seen"));
    const seenAt = performance.now();
    await until(() => performance.now() - seenAt > 1200); // it is well for more than a second
    const { length } = pauses;
    await server.stop();
    await until(() => pauses.length > length);
    assert.ok((pauses[length] ?? 0) <= 750, `${pauses.slice(length)}`);
  });
});
