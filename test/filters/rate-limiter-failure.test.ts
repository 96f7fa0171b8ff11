import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { findWorkerBundle } from "../support/worker/worker-bundle.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SHOP_URL = "http://shop.example.com/";
const STRICT = { "limit-rpm": "1", "limit-burst-multiplier": "0" };

const FAILURES: readonly (readonly [condition: string, method: string | undefined])[] = [
  ["is not bound", undefined],
  ["throws", "acquire() { throw new Error('down'); }"],
  [
    "does not respond within 500 ms",
    "acquire() { return new Promise((resolve) => setTimeout(() => resolve({ ok: false, limit: 'x' }), 1500)); }",
  ],
];

describe("failures of the rate limiter", { timeout: 60_000 }, () => {
  for (const [condition, method] of FAILURES) {
    test(`A request passes if the rate limiter ${condition}, and its access line has rateLimitSkipped`, async (context) => {
      const limiter = `export class Limiter extends DurableObject { ${method ?? ""} }`;
      const edge = await startStrictEdge(context, limiter, method ? {} : { durableObjects: {} });
      for (let count = 0; count < 2; count++) assert.equal((await sendRequest(edge, SHOP_URL)).status, 200);
      await waitFor(() => edge.lines.filter((line) => line.includes('"rateLimitSkipped":true')).length === 2);
    });
  }

  test("The rate limiter keeps the counts of long intervals when its object restarts", async (context) => {
    const edge = await startStrictEdge(context, "export class Limiter extends Real { crash() { this.ctx.abort(); } }");
    const headers = { "CF-Connecting-IP": "192.0.2.1" };
    assert.equal((await sendRequest(edge, SHOP_URL, { headers })).status, 200);
    await sendRequest(edge, SHOP_URL, { headers: { "X-Crash": "default/shop 192.0.2.1" } });
    assert.equal((await sendRequest(edge, SHOP_URL, { headers })).status, 503);
    assert.equal((await sendRequest(edge, SHOP_URL)).status, 200);
  });
});

/** Starts an edge with another limiter class and one Ingress with a strict limit. */
async function startStrictEdge(context: TestContext, limiter: string, options = {}): Promise<WorkerHarness> {
  const worker = await writeWorker(context, limiter);
  const edge = await startWorkerHarness({ worker, echoOrigins: true, ...options });
  context.after(edge.close);
  await edge.publish(buildManifests({ shop: { annotations: STRICT } }, { shop: ["203.0.113.10"] }));
  return edge;
}

/** Writes the entry of a Worker with another limiter class. A request with X-Crash restarts the object of that name. */
async function writeWorker(context: TestContext, limiter: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-limits-"));
  context.after(() => rm(folder, { recursive: true }));
  const entry = join(folder, "worker.ts");
  await writeFile(
    entry,
    `import { DurableObject } from "cloudflare:workers";
    import edge, { Limiter as Real } from ${JSON.stringify(await findWorkerBundle())};
    ${limiter}
    export default {
      async fetch(request, env, background) {
        const crashed = request.headers.get("X-Crash");
        if (!crashed) return edge.fetch(request, env, background);
        await env.LIMITER.getByName(crashed).crash().catch(() => {});
        return new Response("crashed");
      },
    };`,
  );
  return entry;
}
