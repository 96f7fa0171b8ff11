import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createAccount } from "../../sync/publish/account.ts";
import { publish } from "../../sync/publish/publish.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { buildHostRules, buildRules } from "../support/publish/sample-rules.ts";
import { waitFor } from "../support/wait-for.ts";
import { writeWorkerScript } from "../support/worker/fetch-worker.ts";
import {
  buildTwoHosts,
  fetchGeneration,
  fetchStatusAndBody,
  putManifest,
  readManifest,
  startTwoHostsEdge,
  waitForWarning,
} from "../support/worker/two-hosts.ts";
import { findWorkerBundle } from "../support/worker/worker-bundle.ts";
import type { WorkerHarnessOptions } from "../support/worker/worker-harness.ts";

const URL_OF_A = "http://a.example.com/";
/** A location whose cache has no copy of a manifest or shard. */
const EMPTY_CACHE =
  'Object.defineProperty(globalThis, "caches", { value: { default: { match: async () => undefined, put: async () => {} } } });\n';

async function startEdge(context: TestContext, options: WorkerHarnessOptions = {}) {
  const edge = await startTwoHostsEdge({ durableObjects: { FLOOR: "GenerationFloor" }, ...options });
  context.after(edge.close);
  return edge;
}

test("An older signed manifest in KV cannot replace the newer copy of a location, even in a cold isolate", async (context) => {
  const edge = await startEdge(context);
  await edge.publish(buildTwoHosts("one", "two"));
  const older = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  const { generation } = (await edge.publish(buildTwoHosts("two", "one"))).publishResult;
  await edge.account.kv.put([{ key: CURRENT_KEY, value: older }]);
  await edge.stack.restartWorker();
  assert.equal(await fetchGeneration(edge), generation);
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 two");
});

test("An older signed manifest in KV cannot start an isolate below the floor, even without a copy", async (context) => {
  const { worker, remove } = await writeWorkerScript(EMPTY_CACHE + (await readFile(await findWorkerBundle(), "utf8")));
  context.after(remove);
  const edge = await startEdge(context, { worker, variables: { FLOOR_SETTLE_MS: "0" } });
  await edge.publish(buildTwoHosts("one", "two"));
  const older = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  const { generation } = (await edge.publish(buildTwoHosts("two", "one"))).publishResult;
  const newer = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  await edge.account.kv.put([{ key: CURRENT_KEY, value: older }]);
  await edge.stack.restartWorker();
  assert.match(await fetchStatusAndBody(edge, URL_OF_A), /^503 /);
  const reasons = edge.accessLines().map(({ reason }) => reason);
  assert.ok(
    reasons.includes(`generation ${generation - 1} is older than generation ${generation}, which edges have served`),
  );
  await edge.account.kv.put([{ key: CURRENT_KEY, value: newer }]);
  await waitFor(async () => (await fetchStatusAndBody(edge, URL_OF_A)) === "200 two");
});

test("A manifest of another KV namespace cannot be replayed, although its signature is valid", async (context) => {
  const edge = await startEdge(context);
  await edge.publish(buildTwoHosts("one", "two"));
  const since = edge.lines.length;
  const manifest = await readManifest(edge);
  await putManifest(edge, { ...manifest, generation: manifest.generation + 1, kvNamespaceId: "staging" });
  const reason = await waitForWarning(edge, "snapshot-rejected", since);
  assert.equal(reason, `manifest is for another KV namespace: staging, not ${manifest.kvNamespaceId}`);
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
});

test("An edge with two verification keys accepts the manifests of both while keys are rotated", async (context) => {
  const [oldKeys, newKeys] = [generateSigningKeys(), generateSigningKeys()];
  const publicKeys = `${oldKeys.publicKey}, ${newKeys.publicKey}`;
  const edge = await startEdge(context, { variables: { EDGRESS_VERIFYING_KEY: publicKeys } });
  const { account } = edge.stack;
  for (const [index, { privateKey }] of [oldKeys, newKeys].entries()) {
    const settings = { ...account, apiToken: account.token, signingKey: privateKey, writeIntervalMs: 1 };
    const { kv, signer } = createAccount(settings);
    await publish(buildRules([buildHostRules("a.example.com", `v${index}`)]), kv, signer, new Date());
    await waitFor(async () => (await fetchGeneration(edge)) === index + 1);
  }
});
