import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { STATUS_HEADERS } from "../../../sync/local/wait-for-generation.ts";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { args } from "../../support/cli/publish-command.ts";
import { buildEnvironment } from "../../support/controller/memory-account.ts";
import { KEYS } from "../../support/publish/signing.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startWorkerHarness } from "../../support/worker/worker-harness.ts";

const keys = KEYS;
const otherKeys = generateSigningKeys();

/** Starts a Worker with these variables. Returns the edge, and functions that publish to it and read its answer. */
async function startEdge(variables: Readonly<Record<string, string>>) {
  const edge = await startWorkerHarness({ zones: ["bar.com"], variables });
  after(() => edge.close());
  const { account, http } = edge.stack;
  const environment = { ...buildEnvironment(account, keys.privateKey), EDGRESS_STATUS_TOKEN: "local-status" };
  return {
    edge,
    http,
    publish: (extraArguments: readonly string[], extraVariables: Readonly<Record<string, string>> = {}) =>
      runEdgress([...args, ...extraArguments], { ...environment, ...extraVariables }),
    async readReason(requestId: string) {
      await sendRequest(edge, "http://foo.bar.com/foo/a", { headers: { "X-Request-ID": requestId } });
      return (await edge.waitForAccessLine(requestId)).reason;
    },
  };
}

describe("edgress publish --wait", () => {
  test("The wait ends when the edge serves the publication", async () => {
    const { http, publish } = await startEdge({ EDGRESS_VERIFYING_KEY: keys.publicKey });
    const edgeUrl = http.origin;
    const { code, stdout } = await publish(["--edge-url", edgeUrl, "--wait"]);
    assert.match(
      stdout,
      /\npublished generation=1 .*\nthe edge at http:\/\/127\.0\.0\.1:\d+ serves generation=1 after \d+ s\n$/,
    );
    assert.equal(code, 0);
    const json = await publish(["--edge-url", edgeUrl, "--wait", "10", "--format", "json"]);
    const { result, edge } = JSON.parse(json.stdout);
    assert.deepEqual([result, edge.isAdopted, edge.answer.generation], ["unchanged", true, 1]);
  });

  test("A generation of KV that is older than that of the edge publishes nothing, because its number exists", async () => {
    const { edge, http, publish } = await startEdge({ EDGRESS_VERIFYING_KEY: keys.publicKey });
    assert.equal((await publish(["--edge-url", http.origin, "--wait"])).code, 0);
    const { kv } = edge.account;
    await kv.remove(["current", "generation/1"]);
    const { code, stdout, stderr } = await publish(["--edge-url", http.origin, "--allow-mass-deletion"]);
    assert.equal(
      stderr,
      `edgress: Workers KV shows generation 0, but the edge at ${http.origin} serves generation 1. Run the command again after 60 s, or without --edge-url if that edge has another KV namespace\n`,
    );
    assert.deepEqual([code, stdout, await kv.get("generation/1")], [2, "", undefined]);
  });

  test("A signing key that the Worker does not accept publishes nothing, and the message names both variables", async () => {
    const { edge, http, publish } = await startEdge({ EDGRESS_VERIFYING_KEY: otherKeys.publicKey });
    const { code, stdout, stderr } = await publish(["--edge-url", http.origin]);
    assert.equal(
      stderr,
      `edgress: EDGRESS_SIGNING_KEY does not belong to the Worker's EDGRESS_VERIFYING_KEY. Set EDGRESS_VERIFYING_KEY=${keys.publicKey} in the Worker's variables, and deploy it, or use the signing key of its key\n`,
    );
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(await edge.account.kv.get("current"), undefined);
  });

  for (const [title, value] of [
    ["An empty", ""],
    ["A placeholder in", "PASTE-THE-KEY-HERE"],
  ] as const)
    test(`${title} EDGRESS_VERIFYING_KEY of the Worker is named by publish, the access line and the status`, async () => {
      const { edge, http, publish, readReason } = await startEdge({ EDGRESS_VERIFYING_KEY: value });
      const refused = await publish(["--edge-url", http.origin]);
      assert.match(
        refused.stderr,
        /^edgress: the Worker has no valid EDGRESS_VERIFYING_KEY\. Set EDGRESS_VERIFYING_KEY=/,
      );
      assert.equal((await publish([])).code, 0);
      assert.match(String(await readReason("a")), /^EDGRESS_VERIFYING_KEY is not /);
      const status = await sendRequest(edge, "http://foo.bar.com/.well-known/edgress/generation", {
        headers: STATUS_HEADERS,
      });
      assert.equal(status.status, 503);
      assert.match(status.body, /"reason":"EDGRESS_VERIFYING_KEY is not /);
    });

  test("After the time, the answer of the edge is printed and the exit code is 1", async () => {
    const { http, publish } = await startEdge({
      EDGRESS_VERIFYING_KEY: `${keys.publicKey},${otherKeys.publicKey}`,
      SNAPSHOT_REFRESH_MS: "600000",
    });
    const edgeUrl = http.origin;
    assert.equal((await publish(["--edge-url", edgeUrl, "--wait"])).code, 0);
    const { code, stdout } = await publish(["--edge-url", edgeUrl, "--wait", "1"], {
      EDGRESS_SIGNING_KEY: otherKeys.privateKey,
      EDGRESS_VERIFYING_KEY: `${keys.publicKey},${otherKeys.publicKey}`,
    });
    assert.match(stdout, /^published generation=2 /m);
    assert.match(stdout, /\nerror the edge at \S+ does not serve generation 2 after 1 s: it serves generation 1\n$/);
    assert.equal(code, 1);
  });

  test("A wrong token or a host without the Worker is a warning before, and a failure of the wait", async () => {
    const { http, publish } = await startEdge({ EDGRESS_VERIFYING_KEY: keys.publicKey });
    const { code, stdout } = await publish(["--edge-url", http.origin, "--wait", "1"], {
      EDGRESS_STATUS_TOKEN: "other-token",
    });
    assert.match(
      stdout,
      /^warning the key of the edge at \S+ was not checked: it answers 404\. EDGRESS_STATUS_TOKEN differs /m,
    );
    assert.match(stdout, /\nerror the edge at \S+ does not serve generation 1 after 1 s: it answers 404\. /);
    assert.equal(code, 1);
    const json = await publish(["--edge-url", "http://127.0.0.1:9", "--format", "json", "--dry-run"]);
    assert.match(JSON.parse(json.stdout).warnings[0], /was not checked: it does not answer: fetch failed/);
  });

  test("The token is never sent over http to another machine, and --wait needs a URL", async () => {
    const { publish } = await startEdge({ EDGRESS_VERIFYING_KEY: keys.publicKey });
    const insecure = await publish(["--edge-url", "http://foo.bar.com"]);
    assert.deepEqual(
      [insecure.code, insecure.stderr],
      [2, "edgress: --edge-url must be an https URL: http://foo.bar.com\n"],
    );
    const withoutUrl = await publish(["--wait"]);
    assert.deepEqual([withoutUrl.code, withoutUrl.stderr], [2, "edgress: --wait needs --edge-url\n"]);
  });
});
