import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { buildEnvironment } from "../../support/controller/memory-account.ts";
import { buildShop } from "../../support/controller/staged-edge.ts";
import { buildServiceManifest } from "../../support/manifests.ts";
import { KEYS } from "../../support/publish/signing.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

const keys = KEYS;
let edge: WorkerHarness;
let environment: Record<string, string>;

before(async () => {
  edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
  environment = { ...buildEnvironment(edge.stack.account, keys.privateKey), GITHUB_ACTOR: "ann" };
  await edge.startOrigin("203.0.113.1:80", (_, response) => response.end("one"));
  await edge.startOrigin("203.0.113.2:80", (_, response) => response.end("two"));
});
after(() => edge.close());

/** Publishes the Ingress `shop` with a Service. */
function publish(service: string, ...extraArguments: readonly string[]) {
  const services = [buildServiceManifest("one", ["203.0.113.1"]), buildServiceManifest("two", ["203.0.113.2"])];
  const documents = [...services, buildShop(service)].map((object) => JSON.stringify(object));
  const args = ["publish", "--manifests", "-", "--watch-ingress-without-class", ...extraArguments];
  return runEdgress(args, environment, documents.join("\n---\n"));
}

/** Returns the different answers to 60 clients, in the order of the text. */
async function listAnswers(): Promise<string[]> {
  const clients = Array.from({ length: 60 }, (_, index) => `198.51.100.${index + 1}`);
  const responses = await Promise.all(
    clients.map((client) => sendRequest(edge, "http://shop.example.com/", { headers: { "CF-Connecting-IP": client } })),
  );
  return [...new Set(responses.map(({ body }) => body))].sort();
}

async function waitForAnswers(...expected: readonly string[]): Promise<void> {
  while ((await listAnswers()).join() !== expected.join());
}

describe("edgress publish --stage", () => {
  test("A share of the clients gets the rules, until promote or abort", async () => {
    await publish("one");
    await waitForAnswers("one");

    const staged = await publish("two", "--stage", "50%");
    assert.equal(staged.code, 0, staged.stdout + staged.stderr);
    await waitForAnswers("one", "two");
    const status = await runEdgress(["status"], environment);
    assert.match(
      status.stdout,
      /50 % of clients get a candidate since .*; end it with: edgress promote, or edgress abort/,
    );
    const again = await publish("two", "--stage", "50%");
    assert.match(again.stdout, /unchanged generation=2/);

    const aborted = await runEdgress(["abort", "--reason", "slow"], environment);
    assert.match(aborted.stdout, /^aborted candidate generation=3 share=50\n/);
    await waitForAnswers("one");
    const abortedStatus = await runEdgress(["status"], environment);
    assert.match(abortedStatus.stdout, /the last candidate was aborted by ann at .*: slow\. To stage it again/);

    await publish("two", "--stage", "50");
    await waitForAnswers("one", "two");
    const promoted = await runEdgress(["promote"], environment);
    assert.equal(promoted.stdout, "promoted candidate generation=5 share=50\n");
    await waitForAnswers("two");
    assert.match((await publish("two")).stdout, /unchanged generation=5/);
  });

  test("A publication without a share ends the roll-out for every client", async () => {
    await publish("one", "--stage", "50%");
    await waitForAnswers("one", "two");
    await publish("two");
    await waitForAnswers("two");
  });

  test("Promote and abort without a candidate, and an invalid share, are usage errors", async () => {
    const promoted = await runEdgress(["promote"], environment);
    assert.deepEqual([promoted.code, promoted.stderr], [2, "edgress: no candidate is published\n"]);
    for (const share of ["0%", "100%", "1%,5%", "x"]) {
      const { code, stderr } = await publish("one", "--stage", share);
      assert.match(stderr, /must be (one share|ascending shares) between 0% and 100%/, share);
      assert.notEqual(code, 0);
    }
  });
});
