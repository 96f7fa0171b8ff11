import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { buildManifests } from "../../support/manifests.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";
import { type WorkerCode, writeWrappedWorker } from "../../support/worker/wrapped-worker.ts";

const URL = "http://shop.example.com/";
const LIMITS = { "limit-rpm": "1", "limit-burst-multiplier": "0", "limit-connections": "1" };
const HANG = "return new Promise(() => {});";
const THROW = "throw new Error('down');";
const SLOT = "acquire() { return { ok: true, slot: 'a' }; } renew() {}";

async function startEdge(context: TestContext, objects: WorkerCode["objects"]): Promise<WorkerHarness> {
  const { worker, remove } = await writeWrappedWorker({ ...(objects && { objects }) });
  context.after(remove);
  const edge = await startWorkerHarness({ worker, echoOrigins: true });
  context.after(edge.close);
  await edge.publish(buildManifests({ shop: { annotations: LIMITS } }, { shop: ["203.0.113.1"] }));
  return edge;
}

/** Returns the status, the outcome and whether no limit applied. */
async function fetchLine(edge: WorkerHarness, id: string) {
  await sendRequest(edge, URL, { headers: { "X-Request-ID": id } });
  const { status, outcome, rateLimitSkipped } = await edge.waitForAccessLine(id);
  return [status, outcome, rateLimitSkipped];
}

// The edges wait for timeouts at the same time.
describe("faults of Durable Objects", { concurrency: 2, timeout: 120_000 }, () => {
  for (const [condition, body, minMs] of [
    ["throws", THROW, 0],
    ["never responds", HANG, 500],
  ] as const) {
    test(`A request passes without a limit if the rate limiter ${condition}`, async (context) => {
      const edge = await startEdge(context, { Limiter: `acquire() { ${body} }` });
      for (const id of ["one", "two"]) {
        const startedAt = performance.now();
        assert.deepEqual(await fetchLine(edge, id), [200, "routed", true]);
        const ms = performance.now() - startedAt;
        assert.ok(ms >= minMs && ms < minMs + 5000, `${ms} ms`);
      }
    });

    test(`A response passes if the rate limiter ${condition} when its slot is released`, async (context) => {
      const edge = await startEdge(context, { Limiter: `${SLOT} release() { ${body} }` });
      for (const id of ["one", "two"]) assert.deepEqual(await fetchLine(edge, id), [200, "routed", undefined]);
    });

    test(`A cold isolate serves, and a newer generation is adopted, if the generation floor ${condition}`, async (context) => {
      const edge = await startEdge(context, { GenerationFloor: `read() { ${body} } raise() { ${body} }` });
      await edge.stack.restartWorker();
      const { status, headers } = await sendRequest(edge, URL);
      assert.equal(`${status} ${headers["x-echo-backend"]}`, "200 default/shop:80");
      await edge.publish(buildManifests({ new: {} }, { shop: ["203.0.113.1"] }));
      assert.equal((await sendRequest(edge, "http://new.example.com/")).status, 200);
    });
  }
});
