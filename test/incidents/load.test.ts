import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CURRENT_KEY, GENERATION_PREFIX } from "../../src/rules/kv-keys.ts";
import { Manifest } from "../../src/rules/snapshot.ts";
import { listBlobKeys } from "../../sync/publish/storage/manifest-blobs.ts";
import { type Controller, startController } from "../support/controller/controller.ts";
import { type ControllerHarness, startApiServer, withHarness } from "../support/controller/controller-harness.ts";
import { buildEnvironment } from "../support/controller/memory-account.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { KEYS } from "../support/publish/signing.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

test("A Service that is recreated within a second under load fails no request", { timeout: 60_000 }, async () => {
  const keys = KEYS;
  const edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
  const server = await startApiServer();
  const { account } = edge.stack;
  const times = { quietMs: 1000, maxMs: 10_000 }; // the defaults of `edgress sync`
  const controller = await startController(server, buildEnvironment(account, keys.privateKey), { times });
  try {
    await edge.startOrigin("203.0.113.10:80", (_, response) => response.end("web"));
    server.apply(WEB_SERVICE);
    server.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
    await waitFor(async () => (await sendRequest(edge, "http://shop.example.com/")).status === 200, 20_000);
    const load = startLoad(edge, "http://shop.example.com/");
    for (let recreations = 0; recreations < 3; recreations++) {
      server.remove("Service", "default", "web");
      await sleep(700);
      server.apply(WEB_SERVICE);
      await sleep(300);
    }
    const syncs = controller.results.length;
    await waitFor(() => controller.results.length > syncs);
    assert.deepEqual(await load.end(), { 200: load.count() });
    assert.ok(load.count() > 100, String(load.count()));
    const manifestWrites = account.requests.filter(
      ({ method, path }) => method === "PUT" && path.endsWith("/values/current"),
    );
    assert.equal(manifestWrites.length, 1);
    server.remove("Service", "default", "web");
    await waitFor(async () => (await sendRequest(edge, "http://shop.example.com/")).status === 503, 20_000);
  } finally {
    await controller.stop();
    await edge.close();
    await server.stop();
  }
});

/** Sends requests for a URL, ten at a time. `end` stops them and returns the number of responses by status. */
function startLoad(edge: WorkerHarness, url: string) {
  const statusCounts: Record<number, number> = {};
  let hasEnded = false;
  let count = 0;
  const run = async () => {
    while (!hasEnded) {
      const { status } = await sendRequest(edge, url);
      statusCounts[status] = (statusCounts[status] ?? 0) + 1;
      count++;
    }
  };
  const clients = Promise.all(Array.from({ length: 10 }, run));
  return {
    count: () => count,
    async end() {
      hasEnded = true;
      await clients;
      return statusCounts;
    },
  };
}

test(
  "150 Ingresses that are created in parallel become live within five generations",
  withHarness(async (harness) => {
    harness.apply(WEB_SERVICE);
    const controller = await harness.start({ times: { quietMs: 50, maxMs: 500 } });
    await controller.sync();
    const names = Array.from({ length: 150 }, (_, index) => `shop-${index}`);
    const path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    await Promise.all(
      names.map((name) => harness.api.create(path, buildIngressManifest(name, `${name}.example.com`, { "/": "web" }))),
    );
    await waitFor(() => names.every((name) => harness.readStatus(name).live !== undefined), 30_000);
    assert.equal((await harness.routes()).length, 150);
    assert.ok(harness.generation() <= 5, `${harness.generation()} generations`);
    await waitFor(() => harness.events().filter((event) => event.startsWith("Published")).length === 150);
    assert.ok(controller.results.every(({ type }) => type !== "failed"));
  }),
);

const SYNCS = 30;
const isEarlySync = (sync: number) => sync >= 8 && sync < 14;
const isLateSync = (sync: number) => sync >= 24;

test(
  "The memory of a controller does not grow while 50 preview environments of 22 routes come and go in 30 syncs",
  { timeout: 600_000 },
  withHarness(async (harness) => {
    harness.apply(WEB_SERVICE);
    const controller = await harness.start();
    let previews: readonly string[] = [];
    const earlyHeaps: number[] = [];
    const lateHeaps: number[] = [];
    for (let sync = 0; sync < SYNCS; sync++) {
      previews = await replacePreviews(harness, previews, sync);
      clearRecords(harness, controller);
      // A garbage collection takes half of the time of a sync, so only the compared syncs have one.
      if (isEarlySync(sync)) earlyHeaps.push(measureHeapBytes());
      if (isLateSync(sync)) lateHeaps.push(measureHeapBytes());
    }
    assert.equal((await harness.routes()).length, 50 * 22);
    const [early, late] = [Math.min(...earlyHeaps), Math.min(...lateHeaps)];
    assert.ok(late < early + 2_000_000, `${early} bytes after 8 syncs, ${late} after 24`);
  }),
);

/** Removes the five oldest of 50 previews, and creates the missing ones. Returns their names when the last one is live. */
async function replacePreviews(
  harness: ControllerHarness,
  previews: readonly string[],
  sync: number,
): Promise<readonly string[]> {
  const removedNames = previews.slice(0, previews.length < 50 ? 0 : 5);
  const keptNames = previews.slice(removedNames.length);
  const newNames = Array.from({ length: 50 - keptNames.length }, (_, index) => `preview-${sync}-${index}`);
  for (const name of removedNames) harness.server.remove("Ingress", "default", name);
  const paths = Object.fromEntries(Array.from({ length: 22 }, (_, index) => [`/part-${index}`, "web"]));
  harness.apply(...newNames.map((name) => buildIngressManifest(name, `${name}.example.com`, paths)));
  await harness.waitUntilLive(newNames.at(-1) ?? "");
  return [...keptNames, ...newNames];
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function measureHeapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Drops the records that only the test keeps: requests, log lines, Events, and the KV entries that expire in an hour. */
function clearRecords({ server, account, kv }: ControllerHarness, { lines, results }: Controller): void {
  server.compact();
  for (const { metadata } of server.objects("Event")) server.remove("Event", "default", metadata.name);
  const records = [server.requests, account.requests, kv.writtenKeys, lines, results] as unknown[][];
  for (const list of records) list.length = 0;
  const { manifest } = JSON.parse(kv.values.get(CURRENT_KEY) ?? "{}") as { manifest: string };
  const parsedManifest = Manifest.parse(JSON.parse(manifest));
  const neededKeys = new Set([`${GENERATION_PREFIX}${parsedManifest.generation}`, ...listBlobKeys(parsedManifest)]);
  for (const key of kv.values.keys()) {
    if (/^(generation|shard|filter)\//.test(key) && !neededKeys.has(key)) kv.values.delete(key);
  }
}
