import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { STATE_KEY } from "../../sync/publish/state/state.ts";
import { approve, readApprovalRequest } from "../../sync/report/approval-config-map.ts";
import {
  type ControllerHarness,
  startControllerHarness,
  withHarness,
  withMetadata,
} from "../support/controller-harness.ts";
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

function listErrors(job: SyncJob): string[] {
  const records = job.lines.map((line) => JSON.parse(line) as { level: string; msg: string });
  return records.filter(({ level }) => level === "error").map(({ msg }) => msg);
}

describe("incident: two clusters that write to the same KV namespace", CONCURRENT, () => {
  /** A sync job of another cluster, with a KV namespace that the first one's has published to. */
  async function withSecondCluster(
    harness: ControllerHarness,
    play: (other: ControllerHarness) => Promise<void>,
    keys = harness.keys,
  ): Promise<void> {
    const other = await startControllerHarness({ kv: harness.kv, keys });
    try {
      other.apply(webService, buildIngressManifest("theirs", "theirs.example.com", { "/": "web" }));
      await play(other);
    } finally {
      await other.close();
    }
  }

  test(
    "the second is refused in one line, writes nothing, and reports nothing as live",
    withHarness(async (harness) => {
      await startPublishedJob(harness);
      await withSecondCluster(harness, async (other) => {
        const from = harness.kv.writtenKeys.length;
        const job = await other.start();
        await waitFor(() => job.results.some(({ type }) => type === "failed"));
        assert.match(
          listErrors(job)[0] ?? "",
          /^sync failed: this KV namespace belongs to another cluster: [0-9a-f-]{36} \(this cluster is [0-9a-f-]{36}\)\. Use a separate KV namespace for this cluster, or take ownership with --take-ownership; the edge serves the last published rules$/,
        );
        assert.equal(harness.kv.writtenKeys.length, from);
        assert.deepEqual(other.accountWrites(), []);
        assert.deepEqual(other.clusterWrites(), []);
      });
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );

  test(
    "one with another signing key is refused in one line too",
    withHarness(async (harness) => {
      await startPublishedJob(harness);
      await withSecondCluster(
        harness,
        async (other) => {
          const from = harness.kv.writtenKeys.length;
          const job = await other.start();
          await waitFor(() => job.results.some(({ type }) => type === "failed"));
          assert.match(
            listErrors(job)[0] ?? "",
            /^sync failed: this KV namespace belongs to a controller with another signing key/,
          );
          assert.equal(harness.kv.writtenKeys.length, from);
        },
        generateSigningKeys(),
      );
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );

  test(
    "one that is told to take it over does, and the first one gives way and goes on refusing",
    withHarness(async (harness) => {
      const first = await startPublishedJob(harness);
      await withSecondCluster(harness, async (other) => {
        await other.start({ takeOwnership: true, allowMassDeletion: true });
        await other.waitForRoutes("theirs.example.com / -> default/web:80");
        harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
        for (let rounds = 0; rounds < 3; rounds++) assert.equal((await first.sync()).type, "failed");
        assert.match(listErrors(first).at(-1) ?? "", /belongs to another cluster/);
        await other.waitForRoutes("theirs.example.com / -> default/web:80");
      });
    }),
  );
});

describe("incident: nothing changed", CONCURRENT, () => {
  test(
    "many rounds, and a new start, write nothing to the account and nothing to the cluster",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness, { times: { resyncMs: 20 } });
      const [account, cluster, rounds] = [
        harness.accountWrites().length,
        harness.clusterWrites().length,
        job.results.length,
      ];
      await waitFor(() => job.results.length >= rounds + 10);
      await job.stop();
      const next = await harness.start({ times: { resyncMs: 20 } });
      await waitFor(() => next.results.filter(({ type }) => type === "completed").length >= 10);
      assert.deepEqual(harness.accountWrites().slice(account), []);
      assert.deepEqual(harness.clusterWrites().slice(cluster), []);
      assert.equal(harness.generation(), 1);
    }),
  );

  test(
    "changes that mean nothing to the edge write nothing",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const [account, cluster] = [harness.accountWrites().length, harness.clusterWrites().length];
      harness.apply(withMetadata(webService, { labels: { team: "red" } }));
      harness.apply({ ...buildServiceManifest("aside", []), spec: { ports: [{ port: 9000 }] } });
      harness.apply(
        withMetadata(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), { labels: { team: "red" } }),
      );
      harness.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "aside" }, data: {} });
      for (let rounds = 0; rounds < 3; rounds++) await job.sync();
      assert.deepEqual(harness.accountWrites().slice(account), []);
      assert.deepEqual(harness.clusterWrites().slice(cluster), []);
    }),
  );

  test(
    "a status that somebody else writes over is set right again, each time with one write, and nothing is published",
    withHarness(async (harness) => {
      await startPublishedJob(harness, { times: { resyncMs: 20 } });
      const account = harness.accountWrites().length;
      for (let flaps = 0; flaps < 5; flaps++) {
        const cluster = harness.clusterWrites().length;
        const [shop] = harness.server.objects("Ingress").filter(({ metadata }) => metadata.name === "shop");
        assert.ok(shop);
        harness.server.apply({ ...shop, status: { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } } });
        await waitFor(
          () => JSON.stringify(harness.readStatus("shop").addresses) === '[{"hostname":"edge.example.com"}]',
        );
        assert.deepEqual(harness.clusterWrites().slice(cluster), ["PATCH namespaces/default/ingresses/shop/status"]);
      }
      assert.deepEqual(harness.accountWrites().slice(account), []);
      assert.equal(harness.generation(), 1);
    }),
  );
});

describe("incident: killed in the middle of a publication", CONCURRENT, () => {
  type Moment = (step: string, harness: ControllerHarness) => boolean;
  const moments: readonly (readonly [string, Moment])[] = [
    ["between the ledger's blob and the ledger", (step) => step.startsWith("after put state/")],
    ["between the ledger and the DNS record", (step) => step === "after put state"],
    ["between the DNS record and the shards", (_, { account }) => account.records("example.com").length === 2],
    ["between the shards and the history", (step) => step.startsWith("after put shard/")],
    ["between the history and current", (step) => step.startsWith("after put generation/")],
    ["after current, before anything was reported", (step) => step === "after put current"],
  ];
  for (const [what, moment] of moments) {
    test(
      `${what}: the edge has a whole generation, and the next start completes it`,
      withHarness(async (harness) => {
        const job = await startPublishedJob(harness);
        let isKilled = false;
        harness.onKvStep = (step) => {
          if (isKilled || !moment(step, harness)) return;
          isKilled = true;
          job.kill();
          throw new Error("killed");
        };
        harness.apply(
          buildServiceManifest("new", ["203.0.113.20"]),
          buildIngressManifest("new", "new.example.com", { "/": "new" }),
        );
        await waitFor(() => isKilled);
        const publishedRoutes = await harness.routes();
        const after = [...ALL_ROUTES, "new.example.com / -> default/new:80"].toSorted();
        assert.ok(
          [ALL_ROUTES, after].some((whole) => JSON.stringify(whole) === JSON.stringify(publishedRoutes)),
          publishedRoutes.join("\n"),
        );
        harness.deleteLease();
        await harness.start();
        await harness.waitForRoutes(...after);
        await waitFor(() => harness.readStatus("new").live !== undefined);
        const records = harness.account.records("example.com").map(({ content }) => content);
        assert.deepEqual(records.toSorted(), ["203.0.113.10", "203.0.113.20"]);
        const { missingShards } = await harness.readPublished();
        assert.deepEqual(missingShards, []);
      }),
    );
  }
});

describe("incident: written by a newer sync job", CONCURRENT, () => {
  for (const [what, key] of [
    ["a ledger", STATE_KEY],
    ["a manifest", CURRENT_KEY],
  ] as const) {
    test(
      `${what} of a format that is not known is refused in one line, and not written over`,
      withHarness(async (harness) => {
        await (await startPublishedJob(harness)).stop();
        const signer = createSigner(harness.keys.privateKey);
        const { format, ...rest } = JSON.parse(signer.verify(harness.kv.values.get(key) ?? "") ?? "{}") as {
          format: number;
        };
        assert.equal(format, 1);
        const newer = signer.sign(JSON.stringify({ ...rest, format: 2, novelty: true }));
        harness.kv.values.set(key, newer);
        const from = harness.kv.writtenKeys.length;
        harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
        const job = await harness.start();
        await waitFor(() => job.results.some(({ type }) => type === "failed"));
        for (let rounds = 0; rounds < 3; rounds++) assert.equal((await job.sync()).type, "failed");
        assert.match(
          listErrors(job)[0] ?? "",
          /^sync failed: .* of a newer version(: format 2, supported 1)?\. .*--take-ownership; the edge serves the last published rules$/,
        );
        assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
        assert.equal(harness.kv.values.get(key), newer);
        await job.stop();
        await harness.start({ takeOwnership: true });
        await waitFor(async () =>
          (await harness.routes().catch((): string[] => [])).includes("shop.example.com /new -> default/web:80"),
        );
      }),
    );
  }
});

describe("incident: a round that would remove much", CONCURRENT, () => {
  const remove = (harness: ControllerHarness) => {
    for (const name of ["blog", "docs"]) harness.server.remove("Ingress", "default", name);
  };

  test(
    "is held back and says what would go, over a new start too, until exactly that is approved",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      const from = harness.accountWrites().length;
      remove(harness);
      const approvalRequest = await waitFor(() => readApprovalRequest(harness.api, NAMESPACE));
      assert.equal(approvalRequest.reason, "2 of 3 routes of 2 Ingresses would be removed; the limit is 20 % per sync");
      assert.deepEqual(approvalRequest.routes.trim().split("\n"), [
        "host blog.example.com",
        "host docs.example.com",
        "route blog.example.com prefix / of default/blog#0.0",
        "route docs.example.com prefix / of default/docs#0.0",
      ]);
      assert.equal(await job.metric("edgress_blocked_route_removals"), 2);
      await job.stop();
      const next = await harness.start();
      await waitFor(() => next.results.some(({ type }) => type === "completed"));
      const rounds = next.results.length;
      await approve(harness.api, NAMESPACE, "another");
      await waitFor(() => next.results.length > rounds); // it has heard of that

      assert.deepEqual(harness.accountWrites().slice(from), []);
      await harness.waitForRoutes(...ALL_ROUTES);
      await approve(harness.api, NAMESPACE, approvalRequest.id);
      await harness.waitForRoutes("shop.example.com / -> default/web:80");
      await waitFor(async () => (await readApprovalRequest(harness.api, NAMESPACE)) === undefined);
    }),
  );

  test(
    "is let go once what it would remove is there again",
    withHarness(async (harness) => {
      const job = await startPublishedJob(harness);
      remove(harness);
      await waitFor(() => job.hasLogged(/deletion blocked: 2 of 3 routes/));
      harness.apply(
        buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
        buildIngressManifest("docs", "docs.example.com", { "/": "web" }),
      );
      await waitFor(async () => (await readApprovalRequest(harness.api, NAMESPACE)) === undefined);
      await harness.waitForRoutes(...ALL_ROUTES);
    }),
  );

  test(
    "is published where mass deletions are allowed",
    withHarness(async (harness) => {
      await startPublishedJob(harness, { allowMassDeletion: true });
      remove(harness);
      await harness.waitForRoutes("shop.example.com / -> default/web:80");
    }),
  );
});

describe("incident: a leader that is one no more", () => {
  test(
    "writes nothing more of the round in hand once another leads, and what that one wrote stays",
    withHarness(async (harness) => {
      const former = await startPublishedJob(harness);
      const next = await harness.start();
      await waitFor(() => next.results.some(({ type }) => type === "standby"));
      const { promise: asleep, resolve: wake } = Promise.withResolvers<void>();
      let isAsleep = false;
      harness.onKvStep = (step) => {
        if (isAsleep || !step.startsWith("after put shard/")) return;
        isAsleep = true;
        return asleep;
      };
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/old": "web" }));
      await waitFor(() => isAsleep);
      transferLease(next, harness);
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
      const after = [...ALL_ROUTES.slice(0, 2), "shop.example.com /new -> default/web:80"];
      await harness.waitForRoutes(...after);
      await waitFor(() => !former.isLeader());
      const from = harness.kv.writtenKeys.length;
      const rounds = former.results.length;
      wake();
      await waitFor(() => former.results.length > rounds);
      assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
      assert.equal(former.results[rounds]?.type, "failed");
      await former.sync();
      assert.equal(former.results.at(-1)?.type, "standby");
      assert.deepEqual(await harness.routes(), after);
    }),
  );
});

/** Makes the Lease another's, as it is once its holder has not renewed it in time. */
function transferLease({ identity }: SyncJob, { server }: ControllerHarness): void {
  const [lease] = server.objects("Lease", NAMESPACE);
  assert.ok(lease);
  const { leaseTransitions, ...spec } = lease.spec as { leaseTransitions: number };
  server.apply({ ...lease, spec: { ...spec, holderIdentity: identity, leaseTransitions: leaseTransitions + 1 } });
}
