import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { readApprovalRequest } from "../../sync/report/approval-config-map.ts";
import { type ControllerHarness, withHarness } from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { NAMESPACE, type SyncJob, type SyncJobOptions } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);
const names = ["blog", "docs", "shop"];
const ALL_ROUTES = names.map((name) => `${name}.example.com / -> default/web:80`);
// Most of the time is spent in waiting.
const CONCURRENT = { concurrency: 6 };

/** A sync job that has published three Ingresses, and has said so. */
async function startPublishedJob(harness: ControllerHarness, options: SyncJobOptions = {}): Promise<SyncJob> {
  harness.apply(webService, ...names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })));
  const job = await harness.start(options);
  await harness.waitForRoutes(...ALL_ROUTES);
  await waitFor(() => names.every((name) => harness.readStatus(name).live !== undefined));
  await job.sync();
  return job;
}

/** Changes one path; the routes once that is published. */
function buildExpectedRoutes(path: string): string[] {
  return [...ALL_ROUTES.slice(0, 2), `shop.example.com ${path} -> default/web:80`];
}

/** Changes a path of "shop", and resolves once it is published. */
async function changeShop(harness: ControllerHarness, path: string): Promise<void> {
  harness.apply(buildIngressManifest("shop", "shop.example.com", { [path]: "web" }));
  await harness.waitForRoutes(...buildExpectedRoutes(path));
}

describe("incident: the size of a snapshot", CONCURRENT, () => {
  test(
    "one with 0 rules is held back",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const from = harness.accountWrites().length;
      for (const name of names) harness.server.remove("Ingress", "default", name);
      await waitFor(() => readApprovalRequest(harness.api, NAMESPACE));
      await job.sync();
      assert.deepEqual(harness.accountWrites().slice(from), []);
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );

  test(
    "one with 0 rules is held back too where an IngressClass was lost, that had them all",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness, { ingressClass: "other" });
      harness.server.remove("IngressClass", undefined, "edgress");
      await waitFor(() => readApprovalRequest(harness.api, NAMESPACE));
      await job.sync();
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );

  test(
    "one that is twice as large as yesterday is published, and nothing is said of its size",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const more = ["one", "two", "six"].map((name) =>
        buildIngressManifest(name, `${name}.example.com`, { "/": "web" }),
      );
      harness.apply(...more);
      await harness.waitForRoutes(
        ...[...ALL_ROUTES, ...["one", "two", "six"].map((name) => `${name}.example.com / -> default/web:80`)],
      );
      assert.ok(!job.hasLogged(/MiB/));
    }),
  );

  test(
    "an Ingress that would take 24.9 MiB of it loses its own paths, and nobody else's changes wait for it",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const long = "x".repeat(4000);
      const paths = Object.fromEntries(Array.from({ length: 6325 }, (_, index) => [`/${index}-${long}`, "web"]));
      harness.apply(buildIngressManifest("large", "large.example.com", paths));
      await waitFor(() => job.hasLogged(/IngressTooLarge/), 30_000);
      await changeShop(harness, "/new");
      assert.ok(harness.events().includes("IngressTooLarge Ingress default/large"));
      assert.ok(harness.kv.writtenKeys.every((key) => (harness.kv.values.get(key)?.length ?? 0) < 24 * 1024 * 1024));
    }),
  );
});

describe("incident: Workers KV fails", CONCURRENT, () => {
  test(
    "with 500 for every request: the edge keeps what it has, nothing is reported as live, and it is made up for",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      harness.account.faults = { ...createFaultPlan(), serverErrors: 1000, requestPattern: /\/storage\/kv\// };
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/new": "web" }),
        buildIngressManifest("new", "new.example.com", { "/": "web" }),
      );
      await waitFor(() => job.results.some(({ type }) => type === "failed"), 20_000);
      await harness.waitForRoutes(...ALL_ROUTES);
      assert.equal(harness.readStatus("new").live, undefined);
      assert.ok(!harness.events().includes("Published Ingress default/new"));
      assert.ok(((await job.metric('edgress_syncs_total{result="failed"}')) ?? 0) >= 1);
      harness.account.faults = createFaultPlan();
      await harness.waitForRoutes("new.example.com / -> default/web:80", ...buildExpectedRoutes("/new"));
      await waitFor(() => harness.readStatus("new").live === "2");
    }),
  );

  const writes = [
    ["the shards", /PUT .*\/(values\/shard|bulk)/],
    ["the history", /PUT .*\/values\/generation/],
    ["current", /PUT .*\/values\/current/],
    ["the ledger", /PUT .*\/values\/state/],
  ] as const;
  for (const [what, requestPattern] of writes) {
    test(
      `with 500 for the write of ${what}: a whole generation stays, and the next round puts all right`,
      withHarness(async (harness) => {
        const job = await startPublishedJob(harness);
        harness.account.faults = { ...createFaultPlan(), serverErrors: 3, requestPattern };
        harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
        await waitFor(() => job.results.some(({ type }) => type === "failed"), 20_000);
        await harness.waitForRoutes(...buildExpectedRoutes("/new"));
        assert.deepEqual((await harness.readPublished()).missingShards, []);
      }),
    );
  }

  test(
    "by never answering the write of current: it is given up in time, and made again",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      harness.account.faults = { ...createFaultPlan(), hangs: 1, requestPattern: /PUT .*\/values\/current/ };
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
      await waitFor(() => job.results.some(({ type }) => type === "failed"), 20_000);
      await harness.waitForRoutes(...buildExpectedRoutes("/new"));
      assert.equal(harness.generation(), 3); // the second never came to be in force
    }),
  );

  test(
    "by writing half of what it is given: it is written until all is there",
    withHarness(async (harness) => {
      await startPublishedJob(harness);
      harness.onKvStep = (step) => {
        // The shards come next: once half of them, and half of that half.
        if (step === "after put state")
          harness.account.faults = { ...createFaultPlan(), partialWrites: 2, requestPattern: /PUT .*bulk$/ };
      };
      const many = Array.from({ length: 300 }, (_, index) => `many-${index}`);
      harness.apply(
        ...many.map((name) => buildIngressManifest(name, `${name}.example.com`, { [`/${"x".repeat(1000)}`]: "web" })),
      );
      await waitFor(async () => (await harness.routes()).length === 303, 20_000);
      assert.equal(harness.account.faults.partialWrites, 0);
      assert.deepEqual((await harness.readPublished()).missingShards, []);
    }),
  );

  test(
    "by losing a write that it acknowledged: a shard is read back, and written again",
    withHarness(async (harness) => {
      await startPublishedJob(harness);
      harness.onKvStep = (step) => {
        if (step.startsWith("after put state")) harness.kv.writesToLose = 1; // the shard comes next
      };
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
      await harness.waitForRoutes(...buildExpectedRoutes("/new"));
      assert.deepEqual((await harness.readPublished()).missingShards, []);
    }),
  );

  test(
    "by showing an older current: nothing is published because of it, and nothing missed",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const [stale] = [harness.kv.values.get(CURRENT_KEY) ?? ""];
      await changeShop(harness, "/new");
      await job.sync();
      const newest = harness.kv.values.get(CURRENT_KEY) ?? "";
      const from = harness.kv.writtenKeys.length;
      harness.kv.values.set(CURRENT_KEY, stale);
      for (let rounds = 0; rounds < 3; rounds++) await job.sync();
      assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
      assert.ok(job.results.every(({ type }) => type !== "failed"));
      harness.kv.values.set(CURRENT_KEY, newest);
      await changeShop(harness, "/newer");
    }),
  );

  test(
    "by having lost a shard: it is written anew",
    withHarness(async (harness) => {
      await (await startPublishedJob(harness)).stop();
      for (const key of harness.kv.values.keys()) if (key.startsWith("shard/")) harness.kv.values.delete(key);
      await harness.start();
      await waitFor(async () => (await harness.routes().catch(() => [])).length === 3, 30_000);
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );
});

describe("incident: DNS fails", CONCURRENT, () => {
  test(
    "a record that cannot be added keeps the rules that need it from being published, and nothing else is lost",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      harness.account.faults = { ...createFaultPlan(), serverErrors: 3, requestPattern: /dns_records\/batch/ };
      harness.apply(
        buildServiceManifest("new", ["203.0.113.20"]),
        buildIngressManifest("new", "new.example.com", { "/": "new" }),
      );
      await waitFor(() => job.results.some(({ type }) => type === "failed"), 20_000);
      assert.deepEqual(await harness.routes(), ALL_ROUTES);
      await harness.waitForRoutes(...ALL_ROUTES, "new.example.com / -> default/new:80");
      const records = harness.account.records("example.com").map(({ content }) => content);
      assert.deepEqual(records.toSorted(), ["203.0.113.10", "203.0.113.20"]);
    }),
  );
});
