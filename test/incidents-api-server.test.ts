import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault, On, StreamFault } from "./support/api-server.ts";
import { ingress, service, until } from "./support/edge.ts";
import { type Stage, startStage } from "./support/stage.ts";
import type { SyncJob, SyncJobOptions } from "./support/sync-job.ts";

const web = service("web", ["203.0.113.10"]);
const names = ["blog", "docs", "shop"];
const ALL = names.map((name) => `${name}.example.com / -> default/web:80`);
// Requests and watches are given up soon, so that nobody waits for half a minute.
const IMPATIENT: SyncJobOptions = { requestMs: 500, watchTimes: { lastsSeconds: 3, silenceMs: 3500 } };
const EVERYTHING = (asked: { readonly path: string }) => !asked.path.includes("/leases");
// Most of the time is spent in waiting.
const TOGETHER = { concurrency: 6 };

/** What a test is played on: a stage with all the Ingresses. */
interface Play extends Stage {
  /** A sync job that has published all there is, and has said so. */
  inStep(): Promise<SyncJob>;
  /** Routes that are published after a change to the cluster that reaches the sync job in whatever way is left. */
  afterChange(path: string): Promise<string[]>;
}

/** A test on a stage of its own. */
function staged(title: string, play: (stage: Play) => Promise<void>): void {
  test(title, async () => {
    const stage = await startStage();
    try {
      stage.apply(web, ...names.map((name) => ingress(name, `${name}.example.com`, { "/": "web" })));
      await play({ ...stage, ...actsOn(stage) });
    } finally {
      await stage.close();
    }
  });
}

function actsOn(stage: Stage): Pick<Play, "inStep" | "afterChange"> {
  return {
    async inStep() {
      const job = await stage.start(IMPATIENT);
      await until(async () => JSON.stringify(await stage.routes()) === JSON.stringify(ALL), 20_000);
      await job.round();
      return job;
    },
    async afterChange(path) {
      stage.apply(ingress("shop", "shop.example.com", { [path]: "web" }));
      await until(async () => (await stage.routes()).includes(`shop.example.com ${path} -> default/web:80`), 20_000);
      return stage.routes();
    },
  };
}

function withShop(path: string): string[] {
  return [...ALL.slice(0, 2), `shop.example.com ${path} -> default/web:80`];
}

function lists(plural: string): On {
  return ({ path, query }) => path.endsWith(`/${plural}`) && query.watch === undefined;
}

describe("incident: the API server answers 500 to one GET", TOGETHER, () => {
  for (const plural of ["ingresses", "services", "ingressclasses"]) {
    staged(`a list of ${plural} that fails deletes nothing, and rounds go on with what was known`, async (stage) => {
      const job = await stage.inStep();
      const from = stage.accountWrites().length;
      const failing = stage.server.strike(lists(plural), { type: "answer", status: 500, reason: "InternalError" }, 2);
      stage.server.strikeWatches(({ path }) => path.endsWith(`/${plural}`), { type: "error", code: 410 });
      await until(() => failing.left === 0);
      assert.equal((await job.round()).type, "done");
      assert.deepEqual(stage.accountWrites().slice(from), []);
      await until(() => job.says(new RegExp(`watching ${plural} failed: .*; what is known of them still counts`)));
      assert.deepEqual(await stage.afterChange("/new"), withShop("/new"));
    });
  }

  const guarded = ingress(
    "shop",
    "shop.example.com",
    { "/": "web" },
    {
      "nginx.ingress.kubernetes.io/auth-type": "basic",
      "nginx.ingress.kubernetes.io/auth-secret": "users",
    },
  );
  const users = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "users" },
    data: { auth: Buffer.from("jane:$apr1$abcdefgh$T0kdUXmOGqFbBKMLDRN0z0\n").toString("base64") },
  };

  /** The policies of the one guarded path. */
  async function guards({ held }: Stage): Promise<string[]> {
    const { hosts } = await held();
    return hosts.flatMap(({ host, routes }) =>
      host === "shop.example.com" ? routes.flatMap(({ policies }) => Object.keys(policies)) : [],
    );
  }

  staged("the one that reads a Secret is made again before the path that needs it is closed", async (stage) => {
    stage.apply(users, guarded);
    const first = await stage.inStep();
    assert.deepEqual(await guards(stage), ["access"]);
    await first.stop();
    const from = stage.accountWrites().length;
    const failing = stage.server.strike(lists("secrets"), { type: "answer", status: 500, reason: "InternalError" });
    const job = await stage.start(IMPATIENT);
    await until(() => job.results.some(({ type }) => type === "done"));
    assert.equal(failing.left, 0);
    assert.deepEqual(stage.accountWrites().slice(from), []);
    assert.deepEqual(await guards(stage), ["access"]);
  });

  staged("a guard whose Secret may not be read closes its path and no other, and opens once it may", async (stage) => {
    stage.server.forbid(/secrets/);
    stage.apply(users, guarded);
    await stage.start(IMPATIENT);
    await until(() => stage.generation() > 0);
    assert.deepEqual(await guards(stage), ["closed"]);
    assert.deepEqual((await stage.routes()).slice(0, 2), ALL.slice(0, 2));
    await until(() => stage.events().includes("RouteClosed Ingress default/shop"));
    stage.server.heal();
    await until(async () => (await guards(stage))[0] === "access", 20_000);
  });

  staged(
    "a guard that was read once goes on guarding while its Secret can't be read, and closes once it is gone",
    async (stage) => {
      stage.apply(users, guarded);
      const job = await stage.inStep();
      stage.server.forbid(/secrets/);
      stage.server.strikeWatches(/secrets/, { type: "error", code: 410 });
      await until(() => job.says(/watching references failed/));
      await job.round();
      assert.deepEqual(await guards(stage), ["access"]);
      stage.server.heal();
      stage.server.remove("Secret", "default", "users");
      await until(async () => (await guards(stage))[0] === "closed", 20_000);
    },
  );
});

describe("incident: the lists are not in yet at the start", TOGETHER, () => {
  const faults: readonly (readonly [string, Fault, RegExp])[] = [
    ["hangs", { type: "hang" }, /no answer from the API server within 500 ms/],
    ["breaks off half way", { type: "truncate" }, /failed/],
    ["ends half way as if it were whole", { type: "truncate", cleanly: true }, /the answer is not JSON/],
    ["comes back short, and says so", { type: "short", items: 0, says: "more" }, /objects short/],
    ["is refused", { type: "answer", status: 503, reason: "ServiceUnavailable" }, /failed/],
  ];
  for (const [what, fault, line] of faults) {
    for (const plural of ["ingresses", "services"]) {
      staged(
        `a list of ${plural} that ${what}: nothing is published until all are in, and nothing is lost`,
        async (stage) => {
          await (await stage.inStep()).stop();
          const from = stage.accountWrites().length;
          const failing = stage.server.strike(lists(plural), fault, 2);
          const job = await stage.start(IMPATIENT);
          await until(() => failing.left === 0 && job.says(line));
          await job.round();
          assert.deepEqual([...new Set(job.results.map(({ type }) => type))], ["none"]);
          await until(() => job.results.some(({ type }) => type === "done"), 20_000);
          assert.deepEqual(stage.accountWrites().slice(from), []);
          assert.deepEqual(await stage.routes(), ALL);
        },
      );
    }
  }

  staged("a later page that fails makes the whole list begin again", async (stage) => {
    await (await stage.inStep()).stop();
    const many = Array.from({ length: 501 }, (_, index) => service(`aaa-${index}`, ["203.0.113.20"]));
    stage.apply(...many); // on the first page, in the order of names
    const from = stage.accountWrites().length;
    const failing = stage.server.strike(/services\?.*continue=/, { type: "answer", status: 410, reason: "Expired" });
    const job = await stage.start(IMPATIENT);
    await until(() => failing.left === 0);
    await until(() => job.results.some(({ type }) => type === "done"), 20_000);
    assert.deepEqual(stage.accountWrites().slice(from), []);
    assert.deepEqual(await stage.routes(), ALL);
  });

  staged("a list that comes back short and says that it is complete is held back as a mass deletion", async (stage) => {
    await (await stage.inStep()).stop();
    const from = stage.accountWrites().length;
    stage.server.strike(lists("ingresses"), { type: "short", items: 1, says: "complete" });
    const job = await stage.start(IMPATIENT);
    await until(() => job.says(/held back: 2 of 3 routes, of 2 Ingresses, would go/));
    assert.deepEqual(stage.accountWrites().slice(from), []);
    assert.deepEqual(await stage.routes(), ALL);
  });
});

describe("incident: watches that expire, break or fall silent", TOGETHER, () => {
  const faults: readonly (readonly [string, StreamFault])[] = [
    ["expire", { type: "error", code: 410, reason: "Expired" }],
    ["end with an error of the server", { type: "error", code: 500 }],
    ["are dropped", { type: "cut" }],
    ["bring what is no event", { type: "unparsable" }],
    ["fall silent, half open", { type: "silence" }],
    ["bring the past again, the newest first", { type: "stale" }],
    ["bring everything twice", { type: "twice" }],
  ];
  for (const [what, fault] of faults) {
    staged(`all that ${what}: nothing is deleted, and what changed meanwhile is found`, async (stage) => {
      const job = await stage.inStep();
      const from = stage.accountWrites().length;
      assert.ok(stage.server.strikeWatches(EVERYTHING, fault) >= 3);
      assert.equal((await job.round()).type, "done");
      assert.deepEqual(stage.accountWrites().slice(from), []);
      assert.deepEqual(await stage.afterChange("/new"), withShop("/new"));
      stage.server.remove("Ingress", "default", "docs");
      await until(async () => !(await stage.routes()).some((route) => route.startsWith("docs")), 20_000);
    });
  }

  staged("a watch that is cut in the middle of an event loses nothing of it", async (stage) => {
    await stage.inStep();
    stage.server.strikeWatches(EVERYTHING, { type: "cut", half: true });
    assert.deepEqual(await stage.afterChange("/new"), withShop("/new"));
  });

  staged(
    "a watch from a version that is forgotten begins with a list, and finds what has gone since",
    async (stage) => {
      const job = await stage.inStep();
      await stage.server.stop();
      stage.server.remove("Ingress", "default", "docs");
      stage.server.compact();
      await stage.server.serve();
      await until(async () => (await stage.routes()).length === 2, 20_000);
      assert.deepEqual(await stage.routes(), [ALL[0], ALL[2]]);
      assert.ok(job.results.every(({ type }) => type !== "failed"));
    },
  );
});

describe("incident: an API server that is away", TOGETHER, () => {
  staged("while it answers nothing nothing is deleted, and once it does what changed is published", async (stage) => {
    const job = await stage.inStep();
    const from = stage.accountWrites().length;
    const hanging = stage.server.strike(EVERYTHING, { type: "hang" }, 1000);
    stage.server.strikeWatches(EVERYTHING, { type: "cut" });
    stage.server.remove("Ingress", "default", "docs");
    await until(() => 1000 - hanging.left >= 6, 20_000); // each of three collections twice
    assert.equal((await job.round()).type, "done");
    assert.deepEqual(stage.accountWrites().slice(from), []);
    stage.server.heal();
    await until(async () => (await stage.routes()).length === 2, 20_000);
  });

  staged(
    "longer than the Lease lasts: who led stands by, writes nothing, and leads again in a new term",
    async (stage) => {
      const job = await stage.inStep();
      const from = stage.accountWrites().length;
      await stage.server.stop();
      await until(() => job.results.at(-1)?.type === "stood by", 20_000);
      assert.deepEqual(stage.accountWrites().slice(from), []);
      assert.deepEqual(await stage.routes(), ALL);
      await stage.server.serve();
      assert.deepEqual(await stage.afterChange("/new"), withShop("/new"));
    },
  );
});
