import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildShop, type StagedEdge, startStagedEdge } from "../support/controller/staged-edge.ts";
import { buildIngressManifest } from "../support/manifests.ts";

/** Sends requests until every client gets this answer. */
async function waitForAll({ countUntil }: StagedEdge, answer: string): Promise<void> {
  while ((await countUntil(answer))[answer] !== 60);
}

describe("The judge of staged roll-outs", () => {
  test("A good candidate is promoted by itself, and bad ones are aborted by themselves", async (context) => {
    const staged = await startStagedEdge(context);
    const { apply, controller, countUntil, countUntilLogged, count } = staged;

    apply(buildShop("two"));
    const answers = await countUntil("200 two");
    assert.ok((answers["200 one"] ?? 0) > 0, JSON.stringify(answers));
    assert.equal(await controller.metric("edgress_rollout_share"), 20);
    await countUntilLogged(/staged candidate generation=3 share=50: 5xx 0\.0 % of \d+ candidate requests/);
    await countUntilLogged(/promoted candidate generation=4: 5xx 0\.0 % of \d+ candidate requests/);
    await waitForAll(staged, "200 two");
    assert.equal(await controller.metric("edgress_rollout_share"), 0);

    apply(buildShop("broken"));
    await countUntil("500 broken");
    await countUntilLogged(
      /aborted candidate generation=6: 5xx 100\.0 % of \d+ candidate requests, 0\.0 % of \d+ active/,
    );
    await waitForAll(staged, "200 two");
    await controller.sync();
    assert.deepEqual(await count(), { "200 two": 60 });
    assert.equal(await controller.metric("edgress_aborted_candidate"), 1);

    apply(buildIngressManifest("shop", "shop.example.com", { "/elsewhere": "one" }));
    await countUntilLogged(/aborted candidate generation=8: .*no-route 100\.0 % of \d+ candidate requests, 0\.0 %/);
    await waitForAll(staged, "200 two");
  });

  test("A newer change replaces the candidate, and a guard of it holds for every client at once", async (context) => {
    const staged = await startStagedEdge(context, { intervalMs: 60_000 });
    const { apply, countUntil, countUntilLogged, count } = staged;
    apply(buildShop("broken"));
    await countUntilLogged(/staged candidate generation=2 share=20: the rules changed"/);

    const guard = { "nginx.ingress.kubernetes.io/whitelist-source-range": "198.51.100.0/27" };
    apply(buildShop("two", guard));
    await countUntilLogged(/staged candidate generation=3 share=20: the rules changed, so they replace the candidate/);
    await countUntil("403 403 Forbidden");
    const { "403 403 Forbidden": denied, "200 one": one = 0, "200 two": two = 0 } = await count();
    assert.equal(denied, 29); // the clients .32 to .60, on both sides
    assert.equal(one + two, 31);
    assert.ok(one > 0 && two > 0, `one=${one} two=${two}`);
  });

  test("Without requests a candidate waits and says so, and is aborted after the limit", async (context) => {
    const { apply, controller } = await startStagedEdge(context, { maxWaitMs: 2000 });
    apply(buildShop("two"));
    await controller.waitForLog(/kept candidate generation=2 share=20: the candidate side has 0 of the 30 requests/);
    await controller.waitForLog(
      /aborted candidate generation=3: the candidate side has 0 of the 30 requests .* after \d s/,
    );
  });
});
