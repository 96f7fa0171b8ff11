import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../src/rules/keys.ts";
import { noFaults } from "../sync/dev/faults.ts";
import { readHeldBack } from "../sync/report/held-back.ts";
import { ingress, service, until } from "./support/edge.ts";
import { onStage, type Stage } from "./support/stage.ts";
import { NAMESPACE, type SyncJob, type SyncJobOptions } from "./support/sync-job.ts";

const web = service("web", ["203.0.113.10"]);
const names = ["blog", "docs", "shop"];
const ALL = names.map((name) => `${name}.example.com / -> default/web:80`);
// Most of the time is spent in waiting.
const TOGETHER = { concurrency: 6 };

/** A sync job that has published three Ingresses, and has said so. */
async function inStep(stage: Stage, options: SyncJobOptions = {}): Promise<SyncJob> {
  stage.apply(web, ...names.map((name) => ingress(name, `${name}.example.com`, { "/": "web" })));
  const job = await stage.start(options);
  await stage.published(...ALL);
  await until(() => names.every((name) => stage.shown(name).live !== undefined));
  await job.round();
  return job;
}

/** Changes one path; the routes once that is published. */
function withShop(path: string): string[] {
  return [...ALL.slice(0, 2), `shop.example.com ${path} -> default/web:80`];
}

/** Changes a path of "shop", and resolves once it is published. */
async function change(stage: Stage, path: string): Promise<void> {
  stage.apply(ingress("shop", "shop.example.com", { [path]: "web" }));
  await stage.published(...withShop(path));
}

describe("incident: the size of a snapshot", TOGETHER, () => {
  test(
    "one with 0 rules is held back",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const from = stage.accountWrites().length;
      for (const name of names) stage.server.remove("Ingress", "default", name);
      await until(() => readHeldBack(stage.api, NAMESPACE));
      await job.round();
      assert.deepEqual(stage.accountWrites().slice(from), []);
      await stage.published(...ALL);
    }),
  );

  test(
    "one with 0 rules is held back too where an IngressClass was lost, that had them all",
    onStage(async (stage) => {
      const job = await inStep(stage, { ingressClass: "other" });
      stage.server.remove("IngressClass", undefined, "edgress");
      await until(() => readHeldBack(stage.api, NAMESPACE));
      await job.round();
      await stage.published(...ALL);
    }),
  );

  test(
    "one that is twice as large as yesterday is published, and nothing is said of its size",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const more = ["one", "two", "six"].map((name) => ingress(name, `${name}.example.com`, { "/": "web" }));
      stage.apply(...more);
      await stage.published(
        ...[...ALL, ...["one", "two", "six"].map((name) => `${name}.example.com / -> default/web:80`)],
      );
      assert.ok(!job.says(/MiB/));
    }),
  );

  test(
    "an Ingress that would take 24.9 MiB of it loses its own paths, and nobody else's changes wait for it",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const long = "x".repeat(4000);
      const paths = Object.fromEntries(Array.from({ length: 6325 }, (_, index) => [`/${index}-${long}`, "web"]));
      stage.apply(ingress("large", "large.example.com", paths));
      await until(() => job.says(/TooLarge/), 30_000);
      await change(stage, "/new");
      assert.ok(stage.events().includes("TooLarge Ingress default/large"));
      assert.ok(stage.kv.written.every((key) => (stage.kv.values.get(key)?.length ?? 0) < 24 * 1024 * 1024));
    }),
  );
});

describe("incident: Workers KV fails", TOGETHER, () => {
  test(
    "with 500 for every request: the edge keeps what it has, nothing is reported as live, and it is made up for",
    onStage(async (stage) => {
      const job = await inStep(stage);
      stage.account.faults = { ...noFaults(), serverErrors: 1000, only: /\/storage\/kv\// };
      stage.apply(
        ingress("shop", "shop.example.com", { "/new": "web" }),
        ingress("new", "new.example.com", { "/": "web" }),
      );
      await until(() => job.results.some(({ type }) => type === "failed"), 20_000);
      await stage.published(...ALL);
      assert.equal(stage.shown("new").live, undefined);
      assert.ok(!stage.events().includes("Published Ingress default/new"));
      assert.ok(((await job.metric('edgress_rounds_total{outcome="failed"}')) ?? 0) >= 1);
      stage.account.faults = noFaults();
      await stage.published("new.example.com / -> default/web:80", ...withShop("/new"));
      await until(() => stage.shown("new").live === "2");
    }),
  );

  const writes = [
    ["the shards", /PUT .*\/(values\/shard|bulk)/],
    ["the history", /PUT .*\/values\/generation/],
    ["current", /PUT .*\/values\/current/],
    ["the ledger", /PUT .*\/values\/ledger/],
  ] as const;
  for (const [what, only] of writes) {
    test(
      `with 500 for the write of ${what}: a whole generation stays, and the next round puts all right`,
      onStage(async (stage) => {
        const job = await inStep(stage);
        stage.account.faults = { ...noFaults(), serverErrors: 3, only };
        stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
        await until(() => job.results.some(({ type }) => type === "failed"), 20_000);
        await stage.published(...withShop("/new"));
        assert.deepEqual((await stage.held()).lost, []);
      }),
    );
  }

  test(
    "by never answering the write of current: it is given up in time, and made again",
    onStage(async (stage) => {
      const job = await inStep(stage);
      stage.account.faults = { ...noFaults(), hangs: 1, only: /PUT .*\/values\/current/ };
      stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
      await until(() => job.results.some(({ type }) => type === "failed"), 20_000);
      await stage.published(...withShop("/new"));
      assert.equal(stage.generation(), 3); // the second never came to be in force
    }),
  );

  test(
    "by writing half of what it is given: it is written until all is there",
    onStage(async (stage) => {
      await inStep(stage);
      stage.at = (step) => {
        // The shards come next: once half of them, and half of that half.
        if (step === "after put ledger")
          stage.account.faults = { ...noFaults(), partialWrites: 2, only: /PUT .*bulk$/ };
      };
      const many = Array.from({ length: 300 }, (_, index) => `many-${index}`);
      stage.apply(...many.map((name) => ingress(name, `${name}.example.com`, { [`/${"x".repeat(1000)}`]: "web" })));
      await until(async () => (await stage.routes()).length === 303, 20_000);
      assert.equal(stage.account.faults.partialWrites, 0);
      assert.deepEqual((await stage.held()).lost, []);
    }),
  );

  test(
    "by losing a write that it acknowledged: a shard is read back, and written again",
    onStage(async (stage) => {
      await inStep(stage);
      stage.at = (step) => {
        if (step.startsWith("after put ledger")) stage.kv.losing = 1; // the shard comes next
      };
      stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
      await stage.published(...withShop("/new"));
      assert.deepEqual((await stage.held()).lost, []);
    }),
  );

  test(
    "by showing an older current: nothing is published because of it, and nothing missed",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const [stale] = [stage.kv.values.get(CURRENT_KEY) ?? ""];
      await change(stage, "/new");
      await job.round();
      const newest = stage.kv.values.get(CURRENT_KEY) ?? "";
      const from = stage.kv.written.length;
      stage.kv.values.set(CURRENT_KEY, stale);
      for (let rounds = 0; rounds < 3; rounds++) await job.round();
      assert.deepEqual(stage.kv.written.slice(from), []);
      assert.ok(job.results.every(({ type }) => type !== "failed"));
      stage.kv.values.set(CURRENT_KEY, newest);
      await change(stage, "/newer");
    }),
  );

  test(
    "by having lost a shard: it is written anew",
    onStage(async (stage) => {
      await (await inStep(stage)).stop();
      for (const key of stage.kv.values.keys()) if (key.startsWith("shard/")) stage.kv.values.delete(key);
      await stage.start();
      await until(async () => (await stage.routes().catch(() => [])).length === 3, 30_000);
      await stage.published(...ALL);
    }),
  );
});

describe("incident: DNS fails", TOGETHER, () => {
  test(
    "a record that cannot be added keeps the rules that need it from being published, and nothing else is lost",
    onStage(async (stage) => {
      const job = await inStep(stage);
      stage.account.faults = { ...noFaults(), serverErrors: 3, only: /dns_records\/batch/ };
      stage.apply(service("new", ["203.0.113.20"]), ingress("new", "new.example.com", { "/": "new" }));
      await until(() => job.results.some(({ type }) => type === "failed"), 20_000);
      assert.deepEqual(await stage.routes(), ALL);
      await stage.published(...ALL, "new.example.com / -> default/new:80");
      const records = stage.account.records("example.com").map(({ content }) => content);
      assert.deepEqual(records.toSorted(), ["203.0.113.10", "203.0.113.20"]);
    }),
  );
});
