import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../src/rules/keys.ts";
import { LEDGER_KEY } from "../sync/publish/ledger.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { approve, readHeldBack } from "../sync/report/held-back.ts";
import { ingress, service, until } from "./support/edge.ts";
import { having, onStage, type Stage, startStage } from "./support/stage.ts";
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

function errorsOf(job: SyncJob): string[] {
  const records = job.lines.map((line) => JSON.parse(line) as { level: string; msg: string });
  return records.filter(({ level }) => level === "error").map(({ msg }) => msg);
}

describe("incident: two clusters that write to the same KV namespace", TOGETHER, () => {
  /** A sync job of another cluster, with a KV namespace that the first one's has published to. */
  async function beside(stage: Stage, play: (other: Stage) => Promise<void>, keys = stage.keys): Promise<void> {
    const other = await startStage({ kv: stage.kv, keys });
    try {
      other.apply(web, ingress("theirs", "theirs.example.com", { "/": "web" }));
      await play(other);
    } finally {
      await other.close();
    }
  }

  test(
    "the second is refused in one line, writes nothing, and reports nothing as live",
    onStage(async (stage) => {
      await inStep(stage);
      await beside(stage, async (other) => {
        const from = stage.kv.written.length;
        const job = await other.start();
        await until(() => job.results.some(({ type }) => type === "failed"));
        assert.match(
          errorsOf(job)[0] ?? "",
          /^the round failed: this KV namespace belongs to the cluster [0-9a-f-]{36}, and this is [0-9a-f-]{36}: give this cluster a KV namespace of its own, or take that one over with --take-over; the edge serves what it served before$/,
        );
        assert.equal(stage.kv.written.length, from);
        assert.deepEqual(other.accountWrites(), []);
        assert.deepEqual(other.clusterWrites(), []);
      });
      await stage.published(...ALL);
    }),
  );

  test(
    "one with another signing key is refused in one line too",
    onStage(async (stage) => {
      await inStep(stage);
      await beside(
        stage,
        async (other) => {
          const from = stage.kv.written.length;
          const job = await other.start();
          await until(() => job.results.some(({ type }) => type === "failed"));
          assert.match(
            errorsOf(job)[0] ?? "",
            /^the round failed: this KV namespace belongs to a sync job with another signing key/,
          );
          assert.equal(stage.kv.written.length, from);
        },
        generateKeys(),
      );
      await stage.published(...ALL);
    }),
  );

  test(
    "one that is told to take it over does, and the first one gives way and goes on refusing",
    onStage(async (stage) => {
      const first = await inStep(stage);
      await beside(stage, async (other) => {
        await other.start({ takeOver: true, allowMassDeletion: true });
        await other.published("theirs.example.com / -> default/web:80");
        stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
        for (let rounds = 0; rounds < 3; rounds++) assert.equal((await first.round()).type, "failed");
        assert.match(errorsOf(first).at(-1) ?? "", /belongs to the cluster/);
        await other.published("theirs.example.com / -> default/web:80");
      });
    }),
  );
});

describe("incident: nothing changed", TOGETHER, () => {
  test(
    "many rounds, and a new start, write nothing to the account and nothing to the cluster",
    onStage(async (stage) => {
      const job = await inStep(stage, { times: { restMs: 20 } });
      const [account, cluster, rounds] = [
        stage.accountWrites().length,
        stage.clusterWrites().length,
        job.results.length,
      ];
      await until(() => job.results.length >= rounds + 10);
      await job.stop();
      const next = await stage.start({ times: { restMs: 20 } });
      await until(() => next.results.filter(({ type }) => type === "done").length >= 10);
      assert.deepEqual(stage.accountWrites().slice(account), []);
      assert.deepEqual(stage.clusterWrites().slice(cluster), []);
      assert.equal(stage.generation(), 1);
    }),
  );

  test(
    "changes that mean nothing to the edge write nothing",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const [account, cluster] = [stage.accountWrites().length, stage.clusterWrites().length];
      stage.apply(having(web, { labels: { team: "red" } }));
      stage.apply({ ...service("aside", []), spec: { ports: [{ port: 9000 }] } });
      stage.apply(having(ingress("shop", "shop.example.com", { "/": "web" }), { labels: { team: "red" } }));
      stage.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "aside" }, data: {} });
      for (let rounds = 0; rounds < 3; rounds++) await job.round();
      assert.deepEqual(stage.accountWrites().slice(account), []);
      assert.deepEqual(stage.clusterWrites().slice(cluster), []);
    }),
  );

  test(
    "a status that somebody else writes over is set right again, each time with one write, and nothing is published",
    onStage(async (stage) => {
      await inStep(stage, { times: { restMs: 20 } });
      const account = stage.accountWrites().length;
      for (let flaps = 0; flaps < 5; flaps++) {
        const cluster = stage.clusterWrites().length;
        const [shop] = stage.server.objects("Ingress").filter(({ metadata }) => metadata.name === "shop");
        assert.ok(shop);
        stage.server.apply({ ...shop, status: { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } } });
        await until(() => JSON.stringify(stage.shown("shop").addresses) === '[{"hostname":"edge.example.com"}]');
        assert.deepEqual(stage.clusterWrites().slice(cluster), ["PATCH namespaces/default/ingresses/shop/status"]);
      }
      assert.deepEqual(stage.accountWrites().slice(account), []);
      assert.equal(stage.generation(), 1);
    }),
  );
});

describe("incident: killed in the middle of a publication", TOGETHER, () => {
  type Moment = (step: string, stage: Stage) => boolean;
  const moments: readonly (readonly [string, Moment])[] = [
    ["between the ledger's blob and the ledger", (step) => step.startsWith("after put ledger/")],
    ["between the ledger and the DNS record", (step) => step === "after put ledger"],
    ["between the DNS record and the shards", (_, { account }) => account.records("example.com").length === 2],
    ["between the shards and the history", (step) => step.startsWith("after put shard/")],
    ["between the history and current", (step) => step.startsWith("after put generation/")],
    ["after current, before anything was reported", (step) => step === "after put current"],
  ];
  for (const [what, moment] of moments) {
    test(
      `${what}: the edge has a whole generation, and the next start completes it`,
      onStage(async (stage) => {
        const job = await inStep(stage);
        let isKilled = false;
        stage.at = (step) => {
          if (isKilled || !moment(step, stage)) return;
          isKilled = true;
          job.kill();
          throw new Error("killed");
        };
        stage.apply(service("new", ["203.0.113.20"]), ingress("new", "new.example.com", { "/": "new" }));
        await until(() => isKilled);
        const left = await stage.routes();
        const after = [...ALL, "new.example.com / -> default/new:80"].toSorted();
        assert.ok(
          [ALL, after].some((whole) => JSON.stringify(whole) === JSON.stringify(left)),
          left.join("\n"),
        );
        stage.forgetLease();
        await stage.start();
        await stage.published(...after);
        await until(() => stage.shown("new").live !== undefined);
        const records = stage.account.records("example.com").map(({ content }) => content);
        assert.deepEqual(records.toSorted(), ["203.0.113.10", "203.0.113.20"]);
        const { lost } = await stage.held();
        assert.deepEqual(lost, []);
      }),
    );
  }
});

describe("incident: written by a newer sync job", TOGETHER, () => {
  for (const [what, key] of [
    ["a ledger", LEDGER_KEY],
    ["a manifest", CURRENT_KEY],
  ] as const) {
    test(
      `${what} of a format that is not known is refused in one line, and not written over`,
      onStage(async (stage) => {
        await (await inStep(stage)).stop();
        const signer = signerOf(stage.keys.privateKey);
        const { format, ...rest } = JSON.parse(signer.open(stage.kv.values.get(key) ?? "") ?? "{}") as {
          format: number;
        };
        assert.equal(format, 1);
        const newer = signer.seal(JSON.stringify({ ...rest, format: 2, novelty: true }));
        stage.kv.values.set(key, newer);
        const from = stage.kv.written.length;
        stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
        const job = await stage.start();
        await until(() => job.results.some(({ type }) => type === "failed"));
        for (let rounds = 0; rounds < 3; rounds++) assert.equal((await job.round()).type, "failed");
        assert.match(
          errorsOf(job)[0] ?? "",
          /^the round failed: .* of a newer version: .*--take-over; the edge serves what it served before$/,
        );
        assert.deepEqual(stage.kv.written.slice(from), []);
        assert.equal(stage.kv.values.get(key), newer);
        await job.stop();
        await stage.start({ takeOver: true });
        await until(async () =>
          (await stage.routes().catch((): string[] => [])).includes("shop.example.com /new -> default/web:80"),
        );
      }),
    );
  }
});

describe("incident: a round that would remove much", TOGETHER, () => {
  const remove = (stage: Stage) => {
    for (const name of ["blog", "docs"]) stage.server.remove("Ingress", "default", name);
  };

  test(
    "is held back and says what would go, over a new start too, until exactly that is approved",
    onStage(async (stage) => {
      const job = await inStep(stage);
      const from = stage.accountWrites().length;
      remove(stage);
      const held = await until(() => readHeldBack(stage.api, NAMESPACE));
      assert.equal(held.reason, "2 of 3 routes, of 2 Ingresses, would go, and at most a fifth may in one round");
      assert.deepEqual(held.routes.trim().split("\n"), [
        "host blog.example.com",
        "host docs.example.com",
        "route blog.example.com prefix / of default/blog#0.0",
        "route docs.example.com prefix / of default/docs#0.0",
      ]);
      assert.equal(await job.metric("edgress_held_back_routes"), 2);
      await job.stop();
      const next = await stage.start();
      await until(() => next.results.some(({ type }) => type === "done"));
      const rounds = next.results.length;
      await approve(stage.api, NAMESPACE, "another");
      await until(() => next.results.length > rounds); // it has heard of that

      assert.deepEqual(stage.accountWrites().slice(from), []);
      await stage.published(...ALL);
      await approve(stage.api, NAMESPACE, held.id);
      await stage.published("shop.example.com / -> default/web:80");
      await until(async () => (await readHeldBack(stage.api, NAMESPACE)) === undefined);
    }),
  );

  test(
    "is let go once what it would remove is there again",
    onStage(async (stage) => {
      const job = await inStep(stage);
      remove(stage);
      await until(() => job.says(/held back: 2 of 3 routes/));
      stage.apply(
        ingress("blog", "blog.example.com", { "/": "web" }),
        ingress("docs", "docs.example.com", { "/": "web" }),
      );
      await until(async () => (await readHeldBack(stage.api, NAMESPACE)) === undefined);
      await stage.published(...ALL);
    }),
  );

  test(
    "is published where mass deletions are allowed",
    onStage(async (stage) => {
      await inStep(stage, { allowMassDeletion: true });
      remove(stage);
      await stage.published("shop.example.com / -> default/web:80");
    }),
  );
});

describe("incident: a leader that is one no more", () => {
  test(
    "writes nothing more of the round in hand once another leads, and what that one wrote stays",
    onStage(async (stage) => {
      const former = await inStep(stage);
      const next = await stage.start();
      await until(() => next.results.some(({ type }) => type === "stood by"));
      const { promise: asleep, resolve: wake } = Promise.withResolvers<void>();
      let isAsleep = false;
      stage.at = (step) => {
        if (isAsleep || !step.startsWith("after put shard/")) return;
        isAsleep = true;
        return asleep;
      };
      stage.apply(ingress("shop", "shop.example.com", { "/old": "web" }));
      await until(() => isAsleep);
      leaveLeaseTo(next, stage);
      stage.apply(ingress("shop", "shop.example.com", { "/new": "web" }));
      const after = [...ALL.slice(0, 2), "shop.example.com /new -> default/web:80"];
      await stage.published(...after);
      await until(() => !former.leads());
      const from = stage.kv.written.length;
      const rounds = former.results.length;
      wake();
      await until(() => former.results.length > rounds);
      assert.deepEqual(stage.kv.written.slice(from), []);
      assert.equal(former.results[rounds]?.type, "failed");
      await former.round();
      assert.equal(former.results.at(-1)?.type, "stood by");
      assert.deepEqual(await stage.routes(), after);
    }),
  );
});

/** Makes the Lease another's, as it is once its holder has not renewed it in time. */
function leaveLeaseTo({ identity }: SyncJob, { server }: Stage): void {
  const [lease] = server.objects("Lease", NAMESPACE);
  assert.ok(lease);
  const { leaseTransitions, ...spec } = lease.spec as { leaseTransitions: number };
  server.apply({ ...lease, spec: { ...spec, holderIdentity: identity, leaseTransitions: leaseTransitions + 1 } });
}
