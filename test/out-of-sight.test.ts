import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ingress, service, until } from "./support/edge.ts";
import { having, onStage, type Stage } from "./support/stage.ts";

const web = service("web", ["203.0.113.10"]);
const PUBLIC = { edge: "public" };
const SELECTED = { selector: "edge=public" };
const NOTHING = { addresses: [], live: undefined };

const shop = (labels: Readonly<Record<string, string>>) =>
  having(ingress("shop", "shop.example.com", { "/": "web" }), { labels });
const blog = having(ingress("blog", "blog.example.com", { "/": "web" }), { labels: PUBLIC });

/** Takes an Ingress's labels away, as `kubectl label` does: what it says of itself stays, or becomes `status`. */
function unlabel({ server }: Stage, name: string, status?: object): void {
  const found = server.objects("Ingress", "default").find(({ metadata }) => metadata.name === name);
  assert.ok(found);
  server.apply({ ...found, metadata: { ...found.metadata, labels: {} }, ...(status && { status }) });
}

describe("an Ingress that was ours and is out of sight", () => {
  test(
    "says no more that it is live once its labels no longer fit",
    onStage(async (stage) => {
      stage.apply(web, shop(PUBLIC), blog);
      await stage.start(SELECTED);
      await until(() => stage.shown("shop").live === "1" && stage.shown("blog").live === "1");
      unlabel(stage, "shop");
      await stage.published("blog.example.com / -> default/web:80");
      await until(() => stage.shown("shop").live === undefined);
      assert.deepEqual(stage.shown("shop"), NOTHING);
      assert.equal(stage.shown("blog").live, "1");
    }),
  );

  test(
    "says so no more either where its labels changed while no sync job ran",
    onStage(async (stage) => {
      stage.apply(web, shop(PUBLIC), blog);
      const job = await stage.start(SELECTED);
      await until(() => stage.shown("shop").live === "1" && stage.shown("blog").live === "1");
      await job.stop();
      unlabel(stage, "shop");
      await stage.start(SELECTED);
      await until(() => stage.shown("shop").live === undefined);
      assert.deepEqual(stage.shown("shop"), NOTHING);
    }),
  );

  test(
    "says so no more where its namespace is watched no longer",
    onStage(async (stage) => {
      stage.apply(web, having(web, { namespace: "far" }), having(shop({}), { namespace: "far" }), blog);
      const job = await stage.start({ watchNamespace: ["default", "far"] });
      await until(() => stage.shown("shop", "far").live === "1");
      await job.stop();
      await stage.start({ watchNamespace: ["default"] });
      await until(() => stage.shown("shop", "far").live === undefined);
      assert.deepEqual(stage.shown("shop", "far"), NOTHING);
    }),
  );

  test(
    "keeps what another controller has written on it",
    onStage(async (stage) => {
      stage.apply(web, shop(PUBLIC), blog);
      await stage.start(SELECTED);
      await until(() => stage.shown("shop").live === "1");
      unlabel(stage, "shop", { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } });
      await until(() => stage.shown("shop").live === undefined);
      assert.deepEqual(stage.shown("shop"), { addresses: [{ ip: "192.0.2.1" }], live: undefined });
    }),
  );

  test(
    "is asked for again in the next round where the API server did not answer",
    onStage(async (stage) => {
      stage.apply(web, shop(PUBLIC), blog);
      const job = await stage.start(SELECTED);
      await until(() => stage.shown("shop").live === "1");
      stage.server.strike(/^GET .*\/ingresses\/shop$/, { type: "answer", status: 500 });
      unlabel(stage, "shop");
      await until(() => job.says(/the status of Ingress default\/shop was not written/));
      assert.equal(stage.shown("shop").live, "1");
      await job.round();
      assert.deepEqual(stage.shown("shop"), NOTHING);
    }),
  );

  test(
    "is not asked for where all are watched, and is no failure where it is gone",
    onStage(async (stage) => {
      stage.apply(web, shop(PUBLIC), blog);
      const all = await stage.start();
      await until(() => stage.shown("shop").live === "1");
      const asked = () => stage.server.requests.filter(({ path }) => path.endsWith("/ingresses/shop")).length;
      stage.server.remove("Ingress", "default", "shop");
      await stage.published("blog.example.com / -> default/web:80");
      await all.round();
      assert.equal(asked(), 0);
      await all.stop();
      stage.apply(shop(PUBLIC));
      const some = await stage.start(SELECTED);
      await until(() => stage.shown("shop").live !== undefined);
      stage.server.remove("Ingress", "default", "shop");
      await stage.published("blog.example.com / -> default/web:80");
      await until(() => asked() === 1);
      await some.round();
      assert.equal(await some.metric("edgress_report_failures_total"), 0);
      assert.equal(asked(), 1);
    }),
  );
});
