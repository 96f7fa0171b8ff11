import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault, RequestMatcher, WatchFault } from "../support/api-server.ts";
import { type ControllerHarness, startControllerHarness } from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import type { SyncJob, SyncJobOptions } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);
const names = ["blog", "docs", "shop"];
const ALL_ROUTES = names.map((name) => `${name}.example.com / -> default/web:80`);
// Requests and watches are given up soon, so that nobody waits for half a minute.
const SHORT_TIMEOUTS: SyncJobOptions = {
  requestTimeoutMs: 500,
  watchTimes: { durationSeconds: 3, idleTimeoutMs: 3500 },
};
const isNotLeaseRequest = (request: { readonly path: string }) => !request.path.includes("/leases");
// Most of the time is spent in waiting.
const CONCURRENT = { concurrency: 6 };

/** What a test is played on: a stage with all the Ingresses. */
interface IncidentHarness extends ControllerHarness {
  /** A sync job that has published all there is, and has said so. */
  startPublishedJob(): Promise<SyncJob>;
  /** Routes that are published after a change to the cluster that reaches the sync job in whatever way is left. */
  applyChange(path: string): Promise<string[]>;
}

/** A test on a stage of its own. */
function testWithHarness(title: string, play: (harness: IncidentHarness) => Promise<void>): void {
  test(title, async () => {
    const harness = await startControllerHarness();
    try {
      harness.apply(
        webService,
        ...names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })),
      );
      await play({ ...harness, ...createActions(harness) });
    } finally {
      await harness.close();
    }
  });
}

function createActions(harness: ControllerHarness): Pick<IncidentHarness, "startPublishedJob" | "applyChange"> {
  return {
    async startPublishedJob() {
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(async () => JSON.stringify(await harness.routes()) === JSON.stringify(ALL_ROUTES), 20_000);
      await job.sync();
      return job;
    },
    async applyChange(path) {
      harness.apply(buildIngressManifest("shop", "shop.example.com", { [path]: "web" }));
      await waitFor(
        async () => (await harness.routes()).includes(`shop.example.com ${path} -> default/web:80`),
        20_000,
      );
      return harness.routes();
    },
  };
}

function buildExpectedRoutes(path: string): string[] {
  return [...ALL_ROUTES.slice(0, 2), `shop.example.com ${path} -> default/web:80`];
}

function matchLists(plural: string): RequestMatcher {
  return ({ path, query }) => path.endsWith(`/${plural}`) && query.watch === undefined;
}

describe("incident: the API server answers 500 to one GET", CONCURRENT, () => {
  for (const plural of ["ingresses", "services", "ingressclasses"]) {
    testWithHarness(
      `a list of ${plural} that fails deletes nothing, and rounds go on with what was known`,
      async (harness) => {
        const job = await harness.startPublishedJob();
        const from = harness.accountWrites().length;
        const failing = harness.server.injectFault(
          matchLists(plural),
          { type: "answer", status: 500, reason: "InternalError" },
          2,
        );
        harness.server.injectWatchFault(({ path }) => path.endsWith(`/${plural}`), { type: "error", code: 410 });
        await waitFor(() => failing.remaining === 0);
        assert.equal((await job.sync()).type, "completed");
        assert.deepEqual(harness.accountWrites().slice(from), []);
        await waitFor(() =>
          job.hasLogged(new RegExp(`watch failed: ${plural}: .*\\. The last known objects stay in use`)),
        );
        assert.deepEqual(await harness.applyChange("/new"), buildExpectedRoutes("/new"));
      },
    );
  }

  const guarded = buildIngressManifest(
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
  async function guards({ readPublished }: ControllerHarness): Promise<string[]> {
    const { hosts } = await readPublished();
    return hosts.flatMap(({ host, routes }) =>
      host === "shop.example.com" ? routes.flatMap(({ policies }) => Object.keys(policies)) : [],
    );
  }

  testWithHarness(
    "the one that reads a Secret is made again before the path that needs it is closed",
    async (harness) => {
      harness.apply(users, guarded);
      const first = await harness.startPublishedJob();
      assert.deepEqual(await guards(harness), ["authorization"]);
      await first.stop();
      const from = harness.accountWrites().length;
      const failing = harness.server.injectFault(matchLists("secrets"), {
        type: "answer",
        status: 500,
        reason: "InternalError",
      });
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => job.results.some(({ type }) => type === "completed"));
      assert.equal(failing.remaining, 0);
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await guards(harness), ["authorization"]);
    },
  );

  testWithHarness(
    "a guard whose Secret may not be read closes its path and no other, and opens once it may",
    async (harness) => {
      harness.server.forbid(/secrets/);
      harness.apply(users, guarded);
      await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => harness.generation() > 0);
      assert.deepEqual(await guards(harness), ["failClosed"]);
      assert.deepEqual((await harness.routes()).slice(0, 2), ALL_ROUTES.slice(0, 2));
      await waitFor(() => harness.events().includes("RouteFailedClosed Ingress default/shop"));
      harness.server.clearFaults();
      await waitFor(async () => (await guards(harness))[0] === "authorization", 20_000);
    },
  );

  testWithHarness(
    "a guard that was read once goes on guarding while its Secret can't be read, and closes once it is gone",
    async (harness) => {
      harness.apply(users, guarded);
      const job = await harness.startPublishedJob();
      harness.server.forbid(/secrets/);
      harness.server.injectWatchFault(/secrets/, { type: "error", code: 410 });
      await waitFor(() => job.hasLogged(/watch failed: references/));
      await job.sync();
      assert.deepEqual(await guards(harness), ["authorization"]);
      harness.server.clearFaults();
      harness.server.remove("Secret", "default", "users");
      await waitFor(async () => (await guards(harness))[0] === "failClosed", 20_000);
    },
  );
});

describe("incident: the lists are not in yet at the start", CONCURRENT, () => {
  const faults: readonly (readonly [string, Fault, RegExp])[] = [
    ["hangs", { type: "hang" }, /no response from the API server within 500 ms/],
    ["breaks off half way", { type: "truncate" }, /failed/],
    ["ends half way as if it were whole", { type: "truncate", cleanly: true }, /the response is not JSON/],
    [
      "comes back short, and says so",
      { type: "short", items: 0, remainder: "more" },
      /list is incomplete: .* lacks \d+ objects/,
    ],
    ["is refused", { type: "answer", status: 503, reason: "ServiceUnavailable" }, /failed/],
  ];
  for (const [what, fault, line] of faults) {
    for (const plural of ["ingresses", "services"]) {
      testWithHarness(
        `a list of ${plural} that ${what}: nothing is published until all are in, and nothing is lost`,
        async (harness) => {
          await (await harness.startPublishedJob()).stop();
          const from = harness.accountWrites().length;
          const failing = harness.server.injectFault(matchLists(plural), fault, 2);
          const job = await harness.start(SHORT_TIMEOUTS);
          await waitFor(() => failing.remaining === 0 && job.hasLogged(line));
          await job.sync();
          assert.deepEqual([...new Set(job.results.map(({ type }) => type))], ["not-ready"]);
          await waitFor(() => job.results.some(({ type }) => type === "completed"), 20_000);
          assert.deepEqual(harness.accountWrites().slice(from), []);
          assert.deepEqual(await harness.routes(), ALL_ROUTES);
        },
      );
    }
  }

  testWithHarness("a later page that fails makes the whole list begin again", async (harness) => {
    await (await harness.startPublishedJob()).stop();
    const many = Array.from({ length: 501 }, (_, index) => buildServiceManifest(`aaa-${index}`, ["203.0.113.20"]));
    harness.apply(...many); // on the first page, in the order of names
    const from = harness.accountWrites().length;
    const failing = harness.server.injectFault(/services\?.*continue=/, {
      type: "answer",
      status: 410,
      reason: "Expired",
    });
    const job = await harness.start(SHORT_TIMEOUTS);
    await waitFor(() => failing.remaining === 0);
    await waitFor(() => job.results.some(({ type }) => type === "completed"), 20_000);
    assert.deepEqual(harness.accountWrites().slice(from), []);
    assert.deepEqual(await harness.routes(), ALL_ROUTES);
  });

  testWithHarness(
    "a list that comes back short and says that it is complete is held back as a mass deletion",
    async (harness) => {
      await (await harness.startPublishedJob()).stop();
      const from = harness.accountWrites().length;
      harness.server.injectFault(matchLists("ingresses"), { type: "short", items: 1, remainder: "complete" });
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => job.hasLogged(/deletion blocked: 2 of 3 routes of 2 Ingresses would be removed/));
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.routes(), ALL_ROUTES);
    },
  );
});

describe("incident: watches that expire, break or fall silent", CONCURRENT, () => {
  const faults: readonly (readonly [string, WatchFault])[] = [
    ["expire", { type: "error", code: 410, reason: "Expired" }],
    ["end with an error of the server", { type: "error", code: 500 }],
    ["are dropped", { type: "cut" }],
    ["bring what is no event", { type: "unparsable" }],
    ["fall silent, half open", { type: "silence" }],
    ["bring the past again, the newest first", { type: "stale" }],
    ["bring everything twice", { type: "twice" }],
  ];
  for (const [what, fault] of faults) {
    testWithHarness(`all that ${what}: nothing is deleted, and what changed meanwhile is found`, async (harness) => {
      const job = await harness.startPublishedJob();
      const from = harness.accountWrites().length;
      assert.ok(harness.server.injectWatchFault(isNotLeaseRequest, fault) >= 3);
      assert.equal((await job.sync()).type, "completed");
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.applyChange("/new"), buildExpectedRoutes("/new"));
      harness.server.remove("Ingress", "default", "docs");
      await waitFor(async () => !(await harness.routes()).some((route) => route.startsWith("docs")), 20_000);
    });
  }

  testWithHarness("a watch that is cut in the middle of an event loses nothing of it", async (harness) => {
    await harness.startPublishedJob();
    harness.server.injectWatchFault(isNotLeaseRequest, { type: "cut", half: true });
    assert.deepEqual(await harness.applyChange("/new"), buildExpectedRoutes("/new"));
  });

  testWithHarness(
    "a watch from a version that is forgotten begins with a list, and finds what has gone since",
    async (harness) => {
      const job = await harness.startPublishedJob();
      await harness.server.stop();
      harness.server.remove("Ingress", "default", "docs");
      harness.server.compact();
      await harness.server.serve();
      await waitFor(async () => (await harness.routes()).length === 2, 20_000);
      assert.deepEqual(await harness.routes(), [ALL_ROUTES[0], ALL_ROUTES[2]]);
      assert.ok(job.results.every(({ type }) => type !== "failed"));
    },
  );
});

describe("incident: an API server that is away", CONCURRENT, () => {
  testWithHarness(
    "while it answers nothing nothing is deleted, and once it does what changed is published",
    async (harness) => {
      const job = await harness.startPublishedJob();
      const from = harness.accountWrites().length;
      const hanging = harness.server.injectFault(isNotLeaseRequest, { type: "hang" }, 1000);
      harness.server.injectWatchFault(isNotLeaseRequest, { type: "cut" });
      harness.server.remove("Ingress", "default", "docs");
      await waitFor(() => 1000 - hanging.remaining >= 6, 20_000); // each of three collections twice
      assert.equal((await job.sync()).type, "completed");
      assert.deepEqual(harness.accountWrites().slice(from), []);
      harness.server.clearFaults();
      await waitFor(async () => (await harness.routes()).length === 2, 20_000);
    },
  );

  testWithHarness(
    "longer than the Lease lasts: who led stands by, writes nothing, and leads again in a new term",
    async (harness) => {
      const job = await harness.startPublishedJob();
      const from = harness.accountWrites().length;
      await harness.server.stop();
      await waitFor(() => job.results.at(-1)?.type === "standby", 20_000);
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.routes(), ALL_ROUTES);
      await harness.server.serve();
      assert.deepEqual(await harness.applyChange("/new"), buildExpectedRoutes("/new"));
    },
  );
});
