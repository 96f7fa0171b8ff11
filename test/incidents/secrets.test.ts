import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import type { Fault } from "../support/api-server.ts";
import { type ControllerHarness, withHarness } from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import type { SyncJob, SyncJobOptions } from "../support/sync-job.ts";
import { waitFor } from "../support/wait-for.ts";

const HASH = "$apr1$Rec0gniz$AbleHashAbleHashAbleH1";
const PLAIN_PASSWORD = "a-password-nobody-may-see";
const WRONG_TOKEN = "a-token-that-everyone-would-know-again";
const BEARER_TOKEN = "token-of-the-tests"; // of the API server on loopback
const SHORT_TIMEOUTS: SyncJobOptions = {
  requestTimeoutMs: 500,
  watchTimes: { durationSeconds: 3, idleTimeoutMs: 3500 },
};

const buildAuthAnnotations = (secret: string) => ({
  "nginx.ingress.kubernetes.io/auth-type": "basic",
  "nginx.ingress.kubernetes.io/auth-secret": secret,
});

function buildSecret(name: string, data: Readonly<Record<string, unknown>>) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
}

function encodeBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A cluster with a good Secret, and with some that cannot be read in as many ways. */
function populateCluster(harness: ControllerHarness): void {
  const secrets = [
    buildSecret("good", { auth: encodeBase64(`jane:${HASH}\n`) }),
    buildSecret("plain", { auth: encodeBase64(`jane ${PLAIN_PASSWORD}\n`) }),
    buildSecret("other-key", { users: encodeBase64(`jane:${HASH}\n`) }),
    buildSecret("number", { auth: { of: PLAIN_PASSWORD } }),
    buildSecret("no-base64", { auth: `!${PLAIN_PASSWORD}!` }),
  ];
  const names = secrets.map(({ metadata }) => metadata.name);
  harness.apply(
    buildServiceManifest("web", ["203.0.113.10"]),
    ...secrets,
    ...names.map((name) =>
      buildIngressManifest(name, `${name}.example.com`, { "/": "web" }, buildAuthAnnotations(name)),
    ),
  );
}

/** Everything that a sync job let out: its log, its metrics, and what it wrote to the cluster and the account. */
async function collectOutput(harness: ControllerHarness, jobs: readonly SyncJob[]): Promise<string> {
  const { server, account, kv } = harness;
  const requests = server.requests.map(({ line, body }) => `${line} ${JSON.stringify(body) ?? ""}`);
  const accountRequests = account.requests.map(({ method, path }) => `${method} ${path}`);
  const objects = ["Ingress", "Event", "ConfigMap", "Lease"].map((kind) => JSON.stringify(server.objects(kind)));
  const metrics = await Promise.all(jobs.map((job) => job.exposition()));
  const kvEntries = [...kv.values].flat();
  return [
    ...jobs.flatMap(({ lines }) => lines),
    ...requests,
    ...accountRequests,
    ...objects,
    ...metrics,
    ...kvEntries,
  ].join("\n");
}

/** The secrets, in each form in which they might be seen. */
function listSecretForms({ environment, account }: ControllerHarness): string[] {
  const { EDGRESS_SIGNING_KEY = "" } = environment;
  const texts = [HASH, PLAIN_PASSWORD, WRONG_TOKEN, BEARER_TOKEN, EDGRESS_SIGNING_KEY, account.token];
  const seed = EDGRESS_SIGNING_KEY.slice(-40); // the key itself is the end of it
  return [
    ...texts,
    seed,
    ...[HASH, PLAIN_PASSWORD].map((text) => encodeBase64(text).replace(/.?.?=*$/, "")),
    encodeBase64(`jane:${HASH}\n`),
  ];
}

async function assertNoSecrets(harness: ControllerHarness, jobs: readonly SyncJob[]): Promise<void> {
  const output = await collectOutput(harness, jobs);
  for (const needle of listSecretForms(harness)) {
    assert.ok(needle.length > 8);
    const index = output.indexOf(needle);
    assert.equal(index, -1, `${needle} is in: ${output.slice(Math.max(0, index - 200), index + 200)}`);
  }
}

describe("incident: a token in logs, Events and arguments", { concurrency: 4 }, () => {
  test(
    "nothing secret is said while all goes well, and of Secrets that cannot be read only that",
    withHarness(async (harness) => {
      populateCluster(harness);
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => harness.events().filter((event) => event.startsWith("RouteFailedClosed")).length === 2);
      await job.sync();
      assert.ok(job.lines.length > 0);
      await assertNoSecrets(harness, [job]);
      await job.stop();
      await assertNoSecrets(harness, [job]);
    }),
  );

  const faults: readonly (readonly [string, Fault, RegExp])[] = [
    ["breaks off in the middle of one", { type: "truncate" }, /secrets/],
    ["ends in the middle of one as if it were whole", { type: "truncate", cleanly: true }, /not JSON/],
    ["is refused", { type: "answer", status: 400, message: "no good" }, /no good/],
    ["is no JSON but its content", { type: "answer", status: 200, text: `jane:${PLAIN_PASSWORD}` }, /not JSON/],
    [
      "is refused with its content",
      { type: "answer", status: 500, text: `jane:${PLAIN_PASSWORD}` },
      /responded with status 500/,
    ],
  ];
  for (const [what, fault, line] of faults) {
    test(
      `nor where the list of a Secret ${what}`,
      withHarness(async (harness) => {
        populateCluster(harness);
        harness.server.injectFault(({ path, query }) => path.endsWith("/secrets") && !query.watch, fault, 5);
        const job = await harness.start(SHORT_TIMEOUTS);
        await waitFor(() => job.hasLogged(line));
        await waitFor(() => job.results.some(({ type }) => type === "completed"), 20_000);
        await job.sync();
        await assertNoSecrets(harness, [job]);
      }),
    );
  }

  test(
    "nor where a watch brings a Secret in what is no event",
    withHarness(async (harness) => {
      populateCluster(harness);
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => harness.generation() > 0);
      await waitFor(() => harness.server.countWatches(/secrets/) >= 5);
      const line = `{"type":"MODIFIED","object":{"data":{"auth":"${encodeBase64(`jane:${HASH}\n`)}`;
      harness.server.injectWatchFault(/secrets/, { type: "unparsable", line });
      await waitFor(() => job.hasLogged(/watch failed: references/));
      await job.sync();
      await assertNoSecrets(harness, [job]);
    }),
  );

  test(
    "nor where the account refuses the token",
    withHarness(async (harness) => {
      populateCluster(harness);
      const environment = { ...harness.environment, CLOUDFLARE_API_TOKEN: WRONG_TOKEN };
      const job = await harness.start({ ...SHORT_TIMEOUTS, environment });
      await waitFor(() => job.hasLogged(/sync failed: .*Authentication error/));
      await assertNoSecrets(harness, [job]);
    }),
  );

  for (const [what, accountFaults] of [
    ["fails", { serverErrors: 3 }],
    ["asks for patience", { tooManyRequests: 3 }],
    ["writes half", { partialWrites: 1 }],
  ] as const) {
    test(
      `nor where the account ${what}`,
      withHarness(async (harness) => {
        populateCluster(harness);
        harness.account.faults = { ...createFaultPlan(), ...accountFaults };
        const job = await harness.start(SHORT_TIMEOUTS);
        await waitFor(() => harness.generation() > 0, 20_000);
        await job.sync();
        await assertNoSecrets(harness, [job]);
      }),
    );
  }

  test(
    "nor where the API server takes neither statuses nor Events, or refuses the bearer of the token",
    withHarness(async (harness) => {
      populateCluster(harness);
      harness.server.injectFault(
        /^(PATCH|POST) .*(status|events)/,
        { type: "answer", status: 500, message: "no room" },
        20,
      );
      const job = await harness.start(SHORT_TIMEOUTS);
      await waitFor(() => job.hasLogged(/was not written: no room/));
      harness.server.injectWatchFault(({ path }) => !path.includes("/leases"), { type: "error", code: 410 });
      harness.server.injectFault(
        ({ path }) => path.endsWith("/services"),
        { type: "answer", status: 401, reason: "Unauthorized" },
        2,
      );
      await waitFor(() => job.hasLogged(/watch failed: services/));
      await job.sync();
      await assertNoSecrets(harness, [job]);
    }),
  );

  test(
    "a signing key that is none, and an account that is not named, are one line that shows neither",
    withHarness(async (harness) => {
      const brokenEnvironment = { ...harness.environment, EDGRESS_SIGNING_KEY: `${WRONG_TOKEN}${WRONG_TOKEN}` };
      await assert.rejects(harness.start({ environment: brokenEnvironment }), (error: Error) => {
        assert.equal(error.message, "EDGRESS_SIGNING_KEY is invalid. Set a key from `edgress keys`");
        return true;
      });
      await assert.rejects(
        harness.start({ environment: { ...harness.environment, CLOUDFLARE_ACCOUNT_ID: undefined } }),
        {
          message: "the environment variable CLOUDFLARE_ACCOUNT_ID is not set: the account's id",
        },
      );
    }),
  );
});
