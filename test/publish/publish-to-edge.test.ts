import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SHARD_PREFIX } from "../../src/rules/kv-keys.ts";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { publish } from "../../sync/publish/publish.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { OPTIONS, ZONES } from "../support/fixture.ts";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";
import { ANN_AUTHORIZATION, assertNoHashes, buildBasicAuthManifest } from "../support/publish/basic-auth-cluster.ts";
import { publishToAccount } from "../support/publish/publish-to-account.ts";
import { buildHostRules, buildRules, generateHosts } from "../support/publish/sample-rules.ts";
import { observeOutcome } from "../support/worker/observed-outcome.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const KIB = 1024;
let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness({ zones: ZONES, echoOrigins: true });
});
after(() => edge.close());

describe("publishing rules", () => {
  test("Published rules become active, unchanged rules cause no write, and a partial write is repaired", async () => {
    const { account, stack } = edge;
    const countWrites = () => stack.account.requests.filter(({ method }) => method === "PUT").length;
    const hosts = generateHosts(40, 8 * KIB);
    const first = await publish(buildRules(hosts), account.kv, account.signer, NOW);
    await waitForGeneration(stack.http, first.generation);
    const firstWrites = countWrites();

    const second = await publish(buildRules(hosts), account.kv, account.signer, NOW);
    assert.deepEqual([second.generation, second.hasChanged, countWrites()], [1, false, firstWrites]);

    const changedHosts = hosts.with(3, buildHostRules("host-3.example.com", "b", 8 * KIB));
    const third = await publish(buildRules(changedHosts), account.kv, account.signer, NOW);
    assert.deepEqual([third.generation, third.writes, countWrites()], [2, 3, firstWrites + 3]);

    stack.account.faults = { ...createFaultPlan(), partialWrites: 1 };
    const fourth = await publish(buildRules(generateHosts(40, 9 * KIB)), account.kv, account.signer, NOW);
    await waitForGeneration(stack.http, 3);
    assert.equal(fourth.generation, 3);
    const shards = await account.kv.list(SHARD_PREFIX);
    assert.equal((await account.kv.getMany(shards)).size, shards.length);
    const response = await observeOutcome(edge, { method: "GET", url: "http://host-3.example.com/a", headers: [] });
    assert.deepEqual(response.destination, { status: 404 }); // its only route has no backend
  });
});

describe("secrets at the edge", () => {
  const requestHost = async (host: string, authorization?: string) => {
    const headers = authorization === undefined ? [] : [["Authorization", authorization] as const];
    return (await observeOutcome(edge, { method: "GET", url: `http://${host}.example.com/`, headers })).destination;
  };

  test("The edge decrypts a secret, and uses its new value after a change", async () => {
    await edge.publishCluster(parseClusterYaml(buildBasicAuthManifest()));
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { backend: "default/web:80" });
    assert.deepEqual(await requestHost("three", `Basic ${btoa("eve:correct-horse")}`), { backend: "default/web:80" });
    assert.deepEqual(await requestHost("two"), { status: 401 });
    await edge.publishCluster(parseClusterYaml(buildBasicAuthManifest("/", "{PLAIN}correct-horse")));
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { status: 401 }); // the old password was cached as correct
    assert.deepEqual(await requestHost("one", `Basic ${btoa("ann:correct-horse")}`), { backend: "default/web:80" });
  });

  test("A secret for another Worker closes its route, and the access line has the reason", async () => {
    const { signer } = edge.account;
    const encryptor = createSecretEncryptor(generateSigningKeys().privateKey, generateEncryptionKeys().publicKey);
    const result = await publishToAccount(
      parseClusterYaml(buildBasicAuthManifest()),
      OPTIONS,
      { ...edge.account, verifier: signer, encryptor },
      NOW,
    );
    await waitForGeneration(edge.stack.http, result.publishResult.generation);
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { status: 503 });
    const line = JSON.parse(edge.lines.at(-1) ?? "{}") as { outcome: string; reason: string };
    assert.equal(line.outcome, "failed-closed");
    assert.match(line.reason, /cannot be decrypted/);
  });

  test("No log line contains a secret or a password", () => {
    assert.ok(edge.lines.length > 0);
    assertNoHashes("log", edge.lines.join());
    assert.ok(!edge.lines.join().includes("s3cret"));
    assert.ok(!edge.lines.join().includes(ANN_AUTHORIZATION));
  });
});
