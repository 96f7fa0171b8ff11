import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CURRENT_KEY, GENERATION_PREFIX, shardKey } from "../../src/rules/kv-keys.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import {
  buildEnvironment,
  type ControllerHarness,
  startApiServer,
  withHarness,
} from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { startSyncJob } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);

describe("incident: a Service that is deleted and made again within a second, under load", () => {
  test("nothing of that is published: no request fails", { timeout: 60_000 }, async () => {
    const keys = generateSigningKeys();
    const edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
    const server = await startApiServer();
    const { account } = edge.stack;
    // The times that it has by default, but for resting.
    const times = { quietMs: 1000, maxMs: 10_000 };
    const job = await startSyncJob(server, buildEnvironment(account, keys.privateKey), { times });
    try {
      await edge.startOrigin("203.0.113.10:80", (_, response) => response.end("web"));
      server.apply(webService);
      server.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
      await waitFor(async () => (await sendRequest(edge, "http://shop.example.com/")).status === 200, 20_000);
      const load = startLoad(edge, "http://shop.example.com/");
      for (let times = 0; times < 3; times++) {
        server.remove("Service", "default", "web");
        await sleep(700);
        server.apply(webService);
        await sleep(300);
      }
      const rounds = job.results.length;
      await waitFor(() => job.results.length > rounds);
      assert.deepEqual(await load.end(), { 200: load.count() });
      assert.ok(load.count() > 100, String(load.count()));
      // Published once, and with it all that was to be said.
      assert.deepEqual(
        account.requests.filter(({ path }) => path.endsWith("/values/current")).filter(({ method }) => method === "PUT")
          .length,
        1,
      );
      server.remove("Service", "default", "web");
      await waitFor(async () => (await sendRequest(edge, "http://shop.example.com/")).status === 503, 20_000);
    } finally {
      await job.stop();
      await edge.close();
      await server.stop();
    }
  });
});

/** Asks for a URL, ten at a time, until it is ended: how often it had which answer. */
function startLoad(edge: WorkerHarness, url: string) {
  const answers: Record<number, number> = {};
  let isOver = false;
  let count = 0;
  const run = async () => {
    while (!isOver) {
      const { status } = await sendRequest(edge, url);
      answers[status] = (answers[status] ?? 0) + 1;
      count++;
    }
  };
  const running = Promise.all(Array.from({ length: 10 }, run));
  return {
    count: () => count,
    async end() {
      isOver = true;
      await running;
      return answers;
    },
  };
}

describe("incident: many Ingresses", () => {
  test(
    "150 made in parallel are all live and say so, in a few generations",
    withHarness(async (harness) => {
      harness.apply(webService);
      const job = await harness.start({ times: { quietMs: 50, maxMs: 500 } });
      await job.sync();
      const names = Array.from({ length: 150 }, (_, index) => `shop-${index}`);
      const path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
      await Promise.all(
        names.map((name) =>
          harness.api.create(path, buildIngressManifest(name, `${name}.example.com`, { "/": "web" })),
        ),
      );
      await waitFor(() => names.every((name) => harness.readStatus(name).live !== undefined), 30_000);
      assert.equal((await harness.routes()).length, 150);
      assert.ok(harness.generation() <= 5, `${harness.generation()} generations`);
      await waitFor(() => harness.events().filter((event) => event.startsWith("Published")).length === 150);
      assert.ok(job.results.every(({ type }) => type !== "failed"));
    }),
  );

  test(
    "50 preview environments of 22 routes, some gone and some new in each of many rounds, cost no more memory in the end",
    { timeout: 120_000 },
    withHarness(async (harness) => {
      harness.apply(webService);
      const job = await harness.start();
      const previews: string[] = [];
      const churn = async (round: number) => {
        for (const name of previews.splice(0, previews.length < 50 ? 0 : 5))
          harness.server.remove("Ingress", "default", name);
        while (previews.length < 50) {
          const name = `preview-${round}-${previews.length}`;
          const paths = Array.from({ length: 22 }, (_, index) => [`/part-${index}`, "web"]);
          harness.apply(buildIngressManifest(name, `${name}.example.com`, Object.fromEntries(paths)));
          previews.push(name);
        }
        const last = previews.at(-1) ?? "";
        await waitFor(() => harness.readStatus(last).live !== undefined, 20_000);
      };
      const heaps: number[] = [];
      for (let round = 0; round < 120; round++) {
        await churn(round);
        clearRecords(harness, job.lines as string[], job.results as unknown[]);
        heaps.push(measureHeapBytes());
      }
      assert.equal((await harness.routes()).length, 50 * 22);
      const [early, late] = [Math.min(...heaps.slice(40, 60)), Math.min(...heaps.slice(100))];
      assert.ok(late < early + 2_000_000, `${early} bytes after 40 rounds, ${late} after 100`);
    }),
  );
});

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function measureHeapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Drops what only the test keeps: requests, lines, Events, and what KV keeps for an hour. */
function clearRecords({ server, account, kv }: ControllerHarness, lines: unknown[], results: unknown[]): void {
  server.compact();
  for (const { metadata } of server.objects("Event")) server.remove("Event", "default", metadata.name);
  for (const list of [server.requests, account.requests, kv.writtenKeys, lines, results]) list.length = 0;
  const { manifest } = JSON.parse(kv.values.get(CURRENT_KEY) ?? "{}") as { manifest: string };
  const { generation, shards } = JSON.parse(manifest) as { generation: number; shards: string[] };
  const needed = new Set([`${GENERATION_PREFIX}${generation}`, ...shards.map(shardKey)]);
  for (const key of kv.values.keys()) {
    if (/^(generation|shard)\//.test(key) && !needed.has(key)) kv.values.delete(key);
  }
}
