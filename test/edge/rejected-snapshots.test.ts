import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CURRENT_KEY, filterKey, shardKey } from "../../src/rules/kv-keys.ts";
import { FORMAT, type Manifest } from "../../src/rules/snapshot.ts";
import { packDigests } from "../../src/rules/storage/digest-table.ts";
import { formatHostRecord } from "../../src/rules/storage/shard-text.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { computeBlobDigest, encodeShard } from "../../sync/publish/storage/encode-blobs.ts";
import { encodeTable } from "../../sync/publish/storage/manifest-blobs.ts";
import { buildHostRules } from "../support/publish/sample-rules.ts";
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

async function putShard(digest: string, value: string): Promise<void> {
  await edge.account.kv.put([{ key: shardKey(digest), value }]);
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

  /** Returns a newer manifest whose only shard has this digest. */
  function withOnlyShard(digest: string): string {
    const manifest = JSON.parse((JSON.parse(lastGood) as { manifest: string }).manifest) as Manifest;
    return signManifest({ ...manifest, generation: 1000, shards: encodeTable(packDigests([digest])) });
  }

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

  for (const format of [FORMAT - 1, FORMAT + 1])
    test(`The edge rejects format ${format}`, async () => {
      const manifest = { ...(await readManifest(edge)), format, generation: 1000 };
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
    const text = ["a", "b"]
      .map((name) => buildHostRules(`${name}.example.com`, "x"))
      .map((rules) => formatHostRecord(rules.host, toCanonicalJson({ ...rules, guard: "new" })))
      .join("");
    const digest = computeBlobDigest(text);
    await putShard(digest, await encodeShard(text));
    const reason = await publishRejected(withOnlyShard(digest));
    assert.match(reason, new RegExp(`^shard ${digest} is invalid: .* at hosts\\.0`));
    await restoreLastGood();
  });

  test("The edge rejects a table of shards whose number is not a power of two", async () => {
    const manifest = { ...(await readManifest(edge)), generation: 1000, shards: Buffer.alloc(48).toString("base64") };
    assert.equal(await publishRejected(signManifest(manifest)), "table of digests is invalid: 48 bytes");
    await restoreLastGood();
  });

  test("The edge rejects a shard whose text has another digest", async () => {
    const digest = "1".repeat(32);
    await putShard(digest, await encodeShard("\na.example.com {}"));
    const reason = await publishRejected(withOnlyShard(digest));
    assert.match(reason, new RegExp(`^shard ${digest} has the digest [0-9a-f]{32}$`));
    await restoreLastGood();
  });

  for (const [condition, encode, problem] of [
    ["is not base64", async () => "%%%", /^shard 2{32} is damaged: ./],
    ["is not gzip", async () => Buffer.from("a.example.com").toString("base64"), /^shard 2{32} is damaged: ./],
    ["is cut", async () => (await encodeShard("\na.example.com {}")).slice(0, 24), /^shard 2{32} is damaged: ./],
    [
      "is larger than 2 MiB after decompression",
      async () => await encodeShard("x".repeat(64 * 1024 * 1024)),
      /^shard 2{32} is damaged: more than 2097152 bytes after decompression$/,
    ],
  ] as const) {
    test(`The edge rejects a shard that ${condition}`, async () => {
      const digest = "2".repeat(32);
      await putShard(digest, await encode());
      assert.match(await publishRejected(withOnlyShard(digest)), problem);
      await restoreLastGood();
    });
  }

  test("The edge rejects a manifest with a missing shard", async () => {
    const digest = "3".repeat(32);
    assert.equal(await publishRejected(withOnlyShard(digest)), `not found: shard/${digest}`);
    await restoreLastGood();
  });

  test("The edge rejects a segment of the host filter whose bytes have another digest", async () => {
    const digest = "4".repeat(32);
    await edge.account.kv.put([{ key: filterKey(digest), value: Buffer.alloc(32, 0xff).toString("base64") }]);
    const hostFilter = encodeTable(packDigests([digest]));
    const manifest = { ...(await readManifest(edge)), generation: 1000, hostFilter };
    const reason = await publishRejected(signManifest(manifest));
    assert.match(reason, new RegExp(`^filter ${digest} has the digest [0-9a-f]{32}$`));
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
