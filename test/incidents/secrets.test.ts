import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import type { Fault } from "../support/api-server.ts";
import type { Controller } from "../support/controller/controller.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { collectOutput } from "../support/controller/controller-output.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { NAMESPACE_LIST } from "../support/controller/watched-references.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const HASH = "$apr1$Rec0gniz$AbleHashAbleHashAbleH1";
const PLAIN_PASSWORD = "a-password-that-must-not-appear";
const WRONG_TOKEN = "a-token-that-everyone-would-know-again";
const BEARER_TOKEN = "token-of-the-tests"; // of the API server on loopback

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

/** Applies a valid Secret, and four that are unreadable in different ways. */
function populateCluster(harness: ControllerHarness): void {
  const secrets = [
    buildSecret("good", { auth: encodeBase64(`jane:${HASH}\n`) }),
    buildSecret("plain", { auth: encodeBase64(`jane ${PLAIN_PASSWORD}\n`) }),
    buildSecret("other-key", { users: encodeBase64(`jane:${HASH}\n`) }),
    buildSecret("object", { auth: { of: PLAIN_PASSWORD } }),
    buildSecret("no-base64", { auth: `!${PLAIN_PASSWORD}!` }),
  ];
  const names = secrets.map(({ metadata }) => metadata.name);
  harness.apply(
    WEB_SERVICE,
    ...secrets,
    ...names.map((name) =>
      buildIngressManifest(name, `${name}.example.com`, { "/": "web" }, buildAuthAnnotations(name)),
    ),
  );
}

/** Returns the secrets in each form in which they may appear. */
function listSecretForms({ environment, account }: ControllerHarness): string[] {
  const { EDGRESS_SIGNING_KEY = "" } = environment;
  const texts = [HASH, PLAIN_PASSWORD, WRONG_TOKEN, BEARER_TOKEN, EDGRESS_SIGNING_KEY, account.token];
  return [
    ...texts,
    EDGRESS_SIGNING_KEY.slice(-40), // the private key is at the end
    ...[HASH, PLAIN_PASSWORD].map((text) => encodeBase64(text).replace(/.?.?=*$/, "")),
    encodeBase64(`jane:${HASH}\n`),
  ];
}

async function assertNoSecrets(harness: ControllerHarness, controllers: readonly Controller[]): Promise<void> {
  const output = await collectOutput(harness, controllers);
  for (const needle of listSecretForms(harness)) {
    assert.ok(needle.length > 8);
    const index = output.indexOf(needle);
    assert.equal(index, -1, `${needle} is in: ${output.slice(Math.max(0, index - 200), index + 200)}`);
  }
}

describe("incident: a secret in logs, Events, metrics or KV", { concurrency: 4 }, () => {
  test(
    "No secret is in any output of a controller with readable and unreadable Secrets",
    withHarness(async (harness) => {
      populateCluster(harness);
      const controller = await harness.start();
      await waitFor(() => harness.events().filter((event) => event.startsWith("RouteFailedClosed")).length === 2);
      await controller.sync();
      assert.ok(controller.lines.length > 0);
      await assertNoSecrets(harness, [controller]);
      await controller.stop();
      await assertNoSecrets(harness, [controller]);
    }),
  );

  const faults: readonly (readonly [string, Fault, RegExp])[] = [
    ["breaks off", { type: "truncate" }, /secrets/],
    ["is truncated", { type: "truncate", cleanly: true }, /not JSON/],
    ["is answered with 400", { type: "answer", status: 400, message: "no good" }, /no good/],
    [
      "is answered with its content without JSON",
      { type: "answer", status: 200, text: `jane:${PLAIN_PASSWORD}` },
      /not JSON/,
    ],
    [
      "is answered with 500 and its content",
      { type: "answer", status: 500, text: `jane:${PLAIN_PASSWORD}` },
      /responded with status 500/,
    ],
  ];
  for (const [condition, fault, line] of faults) {
    test(
      `No secret is in any output when the list of a Secret ${condition}`,
      withHarness(async (harness) => {
        populateCluster(harness);
        harness.server.injectFault(({ path, query }) => path.endsWith("/secrets") && !query.watch, fault, 5);
        const controller = await harness.start();
        await controller.waitForLog(line);
        await controller.waitForResult("completed");
        await controller.sync();
        await assertNoSecrets(harness, [controller]);
      }),
    );
  }

  for (const watchCount of [1, 5])
    test(
      `No secret is in any output when ${watchCount === 1 ? "the watch of a namespace" : "a watch by name"} sends a Secret in an invalid event`,
      withHarness(async (harness) => {
        if (watchCount > 1) harness.server.forbid(NAMESPACE_LIST);
        populateCluster(harness);
        const controller = await harness.start();
        await waitFor(() => harness.generation() > 0 && harness.server.countWatches(/secrets/) >= watchCount);
        const line = `{"type":"MODIFIED","object":{"data":{"auth":"${encodeBase64(`jane:${HASH}\n`)}`;
        harness.server.injectWatchFault(/secrets/, { type: "unparsable", line });
        await controller.waitForLog(/no valid answer from the API server/);
        await controller.sync();
        await assertNoSecrets(harness, [controller]);
      }),
    );

  test(
    "No secret is in any output when the account rejects the token",
    withHarness(async (harness) => {
      populateCluster(harness);
      const environment = { ...harness.environment, CLOUDFLARE_API_TOKEN: WRONG_TOKEN };
      const controller = await harness.start({ environment });
      await controller.waitForLog(/sync failed: .*Authentication error/);
      await assertNoSecrets(harness, [controller]);
    }),
  );

  for (const [condition, accountFaults] of [
    ["answers 500", { serverErrors: 5 }],
    ["answers 429", { tooManyRequests: 5, retryAfterSeconds: 0.01 }],
    ["writes half of a batch", { partialWrites: 1 }],
  ] as const) {
    test(
      `No secret is in any output when the account ${condition}`,
      withHarness(async (harness) => {
        populateCluster(harness);
        harness.account.faults = { ...createFaultPlan(), ...accountFaults };
        const controller = await harness.start();
        await waitFor(() => harness.generation() > 0, 20_000);
        await controller.sync();
        await assertNoSecrets(harness, [controller]);
      }),
    );
  }

  test(
    "No secret is in any output when the API server rejects statuses, Events and the bearer token",
    withHarness(async (harness) => {
      populateCluster(harness);
      harness.server.injectFault(
        /^(PATCH|POST) .*(status|events)/,
        { type: "answer", status: 500, message: "no room" },
        20,
      );
      const controller = await harness.start();
      await controller.waitForLog(/was not written: no room/);
      harness.server.injectWatchFault(({ path }) => !path.includes("/leases"), { type: "error", code: 410 });
      harness.server.injectFault(
        ({ path }) => path.endsWith("/services"),
        { type: "answer", status: 401, reason: "Unauthorized" },
        2,
      );
      await controller.waitForLog(/watch failed: services/);
      await controller.sync();
      await assertNoSecrets(harness, [controller]);
    }),
  );

  test(
    "An invalid signing key and a missing account id give one-line errors without the key",
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
