import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { noFaults } from "../sync/dev/faults.ts";
import type { Fault } from "./support/api-server.ts";
import { ingress, service, until } from "./support/edge.ts";
import { onStage, type Stage } from "./support/stage.ts";
import type { SyncJob, SyncJobOptions } from "./support/sync-job.ts";

const HASH = "$apr1$Rec0gniz$AbleHashAbleHashAbleH1";
const PLAIN = "a-password-nobody-may-see";
const WRONG_TOKEN = "a-token-that-everyone-would-know-again";
const BEARER = "token-of-the-tests"; // of the API server on loopback
const IMPATIENT: SyncJobOptions = { requestMs: 500, watchTimes: { lastsSeconds: 3, silenceMs: 3500 } };

const guard = (secret: string) => ({
  "nginx.ingress.kubernetes.io/auth-type": "basic",
  "nginx.ingress.kubernetes.io/auth-secret": secret,
});

function secret(name: string, data: Readonly<Record<string, unknown>>) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A cluster with a good Secret, and with some that cannot be read in as many ways. */
function populate(stage: Stage): void {
  const secrets = [
    secret("good", { auth: base64(`jane:${HASH}\n`) }),
    secret("plain", { auth: base64(`jane ${PLAIN}\n`) }),
    secret("other-key", { users: base64(`jane:${HASH}\n`) }),
    secret("number", { auth: { of: PLAIN } }),
    secret("no-base64", { auth: `!${PLAIN}!` }),
  ];
  const names = secrets.map(({ metadata }) => metadata.name);
  stage.apply(
    service("web", ["203.0.113.10"]),
    ...secrets,
    ...names.map((name) => ingress(name, `${name}.example.com`, { "/": "web" }, guard(name))),
  );
}

/** Everything that a sync job let out: its log, its metrics, and what it wrote to the cluster and the account. */
async function everythingSaid(stage: Stage, jobs: readonly SyncJob[]): Promise<string> {
  const { server, account, kv } = stage;
  const requests = server.requests.map(({ line, body }) => `${line} ${JSON.stringify(body) ?? ""}`);
  const asked = account.requests.map(({ method, path }) => `${method} ${path}`);
  const objects = ["Ingress", "Event", "ConfigMap", "Lease"].map((kind) => JSON.stringify(server.objects(kind)));
  const metrics = await Promise.all(jobs.map((job) => job.exposition()));
  const stored = [...kv.values].flat();
  return [...jobs.flatMap(({ lines }) => lines), ...requests, ...asked, ...objects, ...metrics, ...stored].join("\n");
}

/** The secrets, in each form in which they might be seen. */
function needlesOf({ environment, account }: Stage): string[] {
  const { EDGRESS_SIGNING_KEY = "" } = environment;
  const texts = [HASH, PLAIN, WRONG_TOKEN, BEARER, EDGRESS_SIGNING_KEY, account.token];
  const seed = EDGRESS_SIGNING_KEY.slice(-40); // the key itself is the end of it
  return [
    ...texts,
    seed,
    ...[HASH, PLAIN].map((text) => base64(text).replace(/.?.?=*$/, "")),
    base64(`jane:${HASH}\n`),
  ];
}

async function assertSilent(stage: Stage, jobs: readonly SyncJob[]): Promise<void> {
  const said = await everythingSaid(stage, jobs);
  for (const needle of needlesOf(stage)) {
    assert.ok(needle.length > 8);
    const at = said.indexOf(needle);
    assert.equal(at, -1, `${needle} is in: ${said.slice(Math.max(0, at - 200), at + 200)}`);
  }
}

describe("incident: a token in logs, Events and arguments", { concurrency: 4 }, () => {
  test(
    "nothing secret is said while all goes well, and of Secrets that cannot be read only that",
    onStage(async (stage) => {
      populate(stage);
      const job = await stage.start(IMPATIENT);
      await until(() => stage.events().filter((event) => event.startsWith("RouteClosed")).length === 2);
      await job.round();
      assert.ok(job.lines.length > 0);
      await assertSilent(stage, [job]);
      await job.stop();
      await assertSilent(stage, [job]);
    }),
  );

  const faults: readonly (readonly [string, Fault, RegExp])[] = [
    ["breaks off in the middle of one", { type: "truncate" }, /secrets/],
    ["ends in the middle of one as if it were whole", { type: "truncate", cleanly: true }, /not JSON/],
    ["is refused", { type: "answer", status: 400, message: "no good" }, /no good/],
    ["is no JSON but its content", { type: "answer", status: 200, text: `jane:${PLAIN}` }, /not JSON/],
    ["is refused with its content", { type: "answer", status: 500, text: `jane:${PLAIN}` }, /answered 500/],
  ];
  for (const [what, fault, line] of faults) {
    test(
      `nor where the list of a Secret ${what}`,
      onStage(async (stage) => {
        populate(stage);
        stage.server.strike(({ path, query }) => path.endsWith("/secrets") && !query.watch, fault, 5);
        const job = await stage.start(IMPATIENT);
        await until(() => job.says(line));
        await until(() => job.results.some(({ type }) => type === "done"), 20_000);
        await job.round();
        await assertSilent(stage, [job]);
      }),
    );
  }

  test(
    "nor where a watch brings a Secret in what is no event",
    onStage(async (stage) => {
      populate(stage);
      const job = await stage.start(IMPATIENT);
      await until(() => stage.generation() > 0);
      await until(() => stage.server.watches(/secrets/) >= 5);
      const line = `{"type":"MODIFIED","object":{"data":{"auth":"${base64(`jane:${HASH}\n`)}`;
      stage.server.strikeWatches(/secrets/, { type: "unparsable", line });
      await until(() => job.says(/watching references failed/));
      await job.round();
      await assertSilent(stage, [job]);
    }),
  );

  test(
    "nor where the account refuses the token",
    onStage(async (stage) => {
      populate(stage);
      const environment = { ...stage.environment, CLOUDFLARE_API_TOKEN: WRONG_TOKEN };
      const job = await stage.start({ ...IMPATIENT, environment });
      await until(() => job.says(/the round failed: .*Authentication error/));
      await assertSilent(stage, [job]);
    }),
  );

  for (const [what, faulty] of [
    ["fails", { serverErrors: 3 }],
    ["asks for patience", { tooManyRequests: 3 }],
    ["writes half", { partialWrites: 1 }],
  ] as const) {
    test(
      `nor where the account ${what}`,
      onStage(async (stage) => {
        populate(stage);
        stage.account.faults = { ...noFaults(), ...faulty };
        const job = await stage.start(IMPATIENT);
        await until(() => stage.generation() > 0, 20_000);
        await job.round();
        await assertSilent(stage, [job]);
      }),
    );
  }

  test(
    "nor where the API server takes neither statuses nor Events, or refuses the bearer of the token",
    onStage(async (stage) => {
      populate(stage);
      stage.server.strike(/^(PATCH|POST) .*(status|events)/, { type: "answer", status: 500, message: "no room" }, 20);
      const job = await stage.start(IMPATIENT);
      await until(() => job.says(/was not written: no room/));
      stage.server.strikeWatches(({ path }) => !path.includes("/leases"), { type: "error", code: 410 });
      stage.server.strike(
        ({ path }) => path.endsWith("/services"),
        { type: "answer", status: 401, reason: "Unauthorized" },
        2,
      );
      await until(() => job.says(/watching services failed/));
      await job.round();
      await assertSilent(stage, [job]);
    }),
  );

  test(
    "a signing key that is none, and an account that is not named, are one line that shows neither",
    onStage(async (stage) => {
      const broken = { ...stage.environment, EDGRESS_SIGNING_KEY: `${WRONG_TOKEN}${WRONG_TOKEN}` };
      await assert.rejects(stage.start({ environment: broken }), (error: Error) => {
        assert.equal(error.message, "EDGRESS_SIGNING_KEY is no signing key: set it as `edgress keys` prints it");
        return true;
      });
      await assert.rejects(stage.start({ environment: { ...stage.environment, CLOUDFLARE_ACCOUNT_ID: undefined } }), {
        message: "the environment variable CLOUDFLARE_ACCOUNT_ID is not set: the account's id",
      });
    }),
  );
});
