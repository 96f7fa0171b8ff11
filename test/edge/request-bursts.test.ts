import assert from "node:assert/strict";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../sync/runtime/bundle-worker.ts";
import { publishSnapshot } from "../bench/lab/publish-snapshot.ts";
import { buildHosts } from "../bench/lab/snapshot-objects.ts";
import { startStorage } from "../bench/lab/storage.ts";
import { startWorkerProcess } from "../bench/lab/worker-process.ts";

// The isolate is cold at the first request, and KV answers after this time.
const KV_DELAY_MS = 200;

async function startColdEdge(context: TestContext) {
  const { values, variables } = await publishSnapshot(buildHosts(10));
  const storage = await startStorage(values, KV_DELAY_MS);
  context.after(storage.close);
  const script = await bundleWorker(fileURLToPath(new URL("../../src/index.ts", import.meta.url)));
  const worker = await startWorkerProcess(script, variables, storage);
  context.after(worker.close);
  return { worker, storage };
}

test("A burst of requests makes a cold isolate read the manifest and the host's blobs once", async (context) => {
  const { worker, storage } = await startColdEdge(context);
  const statuses = await Promise.all(Array.from({ length: 32 }, () => worker.send("host-1.example.com", "/")));
  assert.deepEqual(new Set(statuses), new Set([200]));
  const { manifestReads, bulkReads } = await storage.takeCounts();
  assert.deepEqual({ manifestReads, bulkReads }, { manifestReads: 1, bulkReads: 1 });
});

test("A request is answered although the client whose request loads the snapshot leaves", async (context) => {
  const { worker, storage } = await startColdEdge(context);
  const options = { host: "127.0.0.1", port: worker.port, path: "/", headers: { Host: "host-1.example.com" } };
  const first = request(options)
    .on("error", () => {})
    .end();
  await sleep(KV_DELAY_MS / 4);
  const second = worker.send("host-1.example.com", "/");
  await sleep(KV_DELAY_MS / 4);
  first.destroy();
  assert.equal(await second, 200);
  assert.equal((await storage.takeCounts()).manifestReads, 1);
});
