import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { createEdgeClient } from "../../sync/edge/edge-client.ts";
import { createEdgeFollower } from "../../sync/edge/edge-follower.ts";
import { LOCAL_STATUS_TOKEN } from "../../sync/local/wait-for-generation.ts";
import { listen } from "../../sync/net/listen.ts";
import { startController } from "../support/controller/controller.ts";
import { startApiServer } from "../support/controller/controller-harness.ts";
import { buildEnvironment } from "../support/controller/memory-account.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { KEYS } from "../support/publish/signing.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";

describe("The generation at the edge", () => {
  test("A controller logs and measures when the edge serves its publication", async (context) => {
    const keys = KEYS;
    const edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
    context.after(() => edge.close());
    const server = await startApiServer();
    context.after(() => server.stop());
    for (const object of [WEB_SERVICE, buildIngressManifest("shop", "shop.example.com", { "/": "web" })])
      server.apply(object);
    const { account, http } = edge.stack;
    const environment = buildEnvironment(account, keys.privateKey);
    const client = createEdgeClient(http.origin, LOCAL_STATUS_TOKEN);
    const controller = await startController(server, environment, { edge: client });
    context.after(() => controller.stop());
    await controller.waitForLog(/edge serves generation=1 seconds=\d+\.\d/);
    assert.equal(await controller.metric("edgress_edge_generation"), 1);
    assert.equal(await controller.metric("edgress_propagation_seconds_count"), 1);
  });

  test("An edge that rejects a generation for 3 minutes is reported once, with its reason", async (context) => {
    const body = JSON.stringify({ generation: 6, digest: "", ageSeconds: 1, rejected: "no signature" });
    const server = await listen(
      createServer((_, response) => response.end(body)),
      0,
    );
    context.after(() => server.close());
    const stop = new AbortController();
    const polls: number[] = [];
    let now = 0;
    const problems: string[] = [];
    const seen = new Set<number>();
    const ended = Promise.withResolvers<void>();
    const follower = createEdgeFollower(
      createEdgeClient(`http://127.0.0.1:${server.port}`, "token"),
      {
        onSeen: (generation) => seen.add(generation),
        onAdopted: () => assert.fail("it was not adopted"),
        onLate: (problem) => problems.push(problem),
      },
      {
        now: () => now,
        async sleep(ms) {
          polls.push(now);
          now += ms;
          if (now < 200_000) return;
          stop.abort();
          ended.resolve();
        },
      },
      stop.signal,
    );
    follower.follow(7, true);
    await ended.promise;
    assert.deepEqual([...seen], [6]);
    assert.equal(polls.length, 100); // one each 2 s
    assert.deepEqual(problems, [
      `the edge at http://127.0.0.1:${server.port} does not serve generation 7: it serves generation 6 and rejected the newest snapshot: no signature`,
    ]);
  });
});
