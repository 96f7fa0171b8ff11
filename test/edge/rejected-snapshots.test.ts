import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CURRENT_KEY, shardKey } from "../../src/rules/kv-keys.ts";
import { computeDigest, toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import {
  buildTwoHosts,
  fetchGeneration,
  fetchStatusAndBody,
  readManifest,
  startTwoHostsEdge,
  waitForWarning,
} from "../support/worker/two-hosts.ts";
import type { WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;

before(async () => {
  edge = await startTwoHostsEdge();
});

after(() => edge.close());

function signManifest(manifest: object): string {
  return edge.account.signer.sign(toCanonicalJson(manifest));
}

/** Writes `current`, and returns the edge's reason for its rejection. */
async function publishRejected(current: string): Promise<string> {
  const since = edge.lines.length;
  await edge.account.kv.put([{ key: CURRENT_KEY, value: current }]);
  return await waitForWarning(edge, "snapshot-rejected", since);
}

async function putShard(digest: string, bytes: string): Promise<void> {
  await edge.account.kv.put([{ key: shardKey(digest), value: bytes }]);
}

test("Every request before the first publication is a 503, and the health endpoint reports it", async () => {
  const { status, body } = await sendRequest(edge, "http://a.example.com/", { headers: { "X-Request-ID": "early" } });
  assert.equal(`${status} ${body}`, "503 503 Service Unavailable\nrequest id: early\n");
  assert.equal((await edge.waitForAccessLine("early")).outcome, "no-snapshot");
  const health = await sendRequest(edge, "http://a.example.com/.well-known/edgress/health");
  assert.equal(`${health.status} ${health.body}`, '503 {"status":"no snapshot"}');
});

describe("snapshots that the edge rejects", () => {
  let lastGood: string;

  before(async () => {
    await edge.publish(buildTwoHosts("one", "two"));
    lastGood = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  });

  /** Writes the last good bytes again, and checks that the edge serves from them. */
  async function restoreLastGood(): Promise<void> {
    await edge.account.kv.put([{ key: CURRENT_KEY, value: lastGood }]);
    assert.equal(await fetchStatusAndBody(edge, "http://b.example.com/"), "200 two");
    assert.equal(await fetchGeneration(edge), (await readManifest(edge)).generation);
  }

  test("The edge rejects a manifest that was changed after it was signed", async () => {
    const tampered = lastGood.replace("example.com", "example.org");
    assert.notEqual(tampered, lastGood);
    assert.equal(
      await publishRejected(tampered),
      "manifest signature does not match EDGRESS_VERIFYING_KEY. Set the key of the controller's EDGRESS_SIGNING_KEY",
    );
    await restoreLastGood();
  });

  test("The edge rejects a manifest signed with another key", async () => {
    const { privateKey } = generateSigningKeys();
    const manifest = { ...(await readManifest(edge)), generation: 1000 };
    const reason = await publishRejected(createSigner(privateKey).sign(toCanonicalJson(manifest)));
    assert.equal(
      reason,
      "manifest signature does not match EDGRESS_VERIFYING_KEY. Set the key of the controller's EDGRESS_SIGNING_KEY",
    );
    await restoreLastGood();
  });

  test("The edge rejects bytes that are not a manifest", async () => {
    assert.equal(await publishRejected("garbage"), "the manifest is not JSON");
    assert.match(await publishRejected("{}"), /^manifest is not signed as expected/);
    await restoreLastGood();
  });

  test("The edge rejects a signature that is not base64", async () => {
    const { manifest } = JSON.parse(lastGood) as { manifest: string };
    await publishRejected(JSON.stringify({ manifest, signature: "%%%" }));
    await restoreLastGood();
  });

  test("The edge rejects an unknown format", async () => {
    const manifest = { ...(await readManifest(edge)), format: 4, generation: 1000 };
    const reason = await publishRejected(signManifest(manifest));
    assert.equal(reason, "manifest is invalid: invalid_value at format");
    await restoreLastGood();
  });

  test("The edge rejects an unknown field in the manifest or in a shard", async () => {
    const manifest = { ...(await readManifest(edge)), generation: 1000 };
    assert.equal(
      await publishRejected(signManifest({ ...manifest, mode: "new" })),
      "manifest is invalid: unrecognized_keys mode at the top",
    );
    const bytes = toCanonicalJson({ hosts: [], settings: {}, guard: "new" });
    const digest = computeDigest(bytes);
    await putShard(digest, bytes);
    const reason = await publishRejected(signManifest({ ...manifest, shards: [digest] }));
    assert.equal(reason, `shard ${digest} is invalid: unrecognized_keys guard at the top`);
    await restoreLastGood();
  });

  test("The edge rejects a shard whose bytes have another digest", async () => {
    const digest = "0".repeat(64);
    await putShard(digest, toCanonicalJson({ hosts: [], settings: {} }));
    const manifest = { ...(await readManifest(edge)), generation: 1000, shards: [digest] };
    const reason = await publishRejected(signManifest(manifest));
    assert.match(reason, new RegExp(`^shard ${digest} has the digest [0-9a-f]{64}$`));
    await restoreLastGood();
  });

  test("The edge rejects a manifest with a missing shard", async () => {
    const digest = "1".repeat(64);
    const manifest = { ...(await readManifest(edge)), generation: 1000, shards: [digest] };
    assert.equal(await publishRejected(signManifest(manifest)), `not found: ${digest}`);
    await restoreLastGood();
  });

  test("The edge ignores an older generation without a warning, because KV may return older values", async () => {
    const newest = (await edge.publish(buildTwoHosts("two", "one"))).publishResult.generation;
    const newer = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
    const since = edge.lines.length;
    await edge.account.kv.put([{ key: CURRENT_KEY, value: lastGood }]);
    for (let count = 0; count < 20; count++) {
      assert.equal(await fetchGeneration(edge), newest);
      assert.equal(await fetchStatusAndBody(edge, "http://a.example.com/"), "200 two");
    }
    assert.deepEqual(
      edge.lines.slice(since).filter((line) => line.includes('"event"')),
      [],
    );
    await edge.account.kv.put([{ key: CURRENT_KEY, value: newer }]);
  });
});
