import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CURRENT_KEY, shardKey } from "../../../src/rules/kv-keys.ts";
import { MAX_MANIFEST_BYTES, type Manifest } from "../../../src/rules/snapshot.ts";
import { toCanonicalJson } from "../../../sync/publish/canonical-json.ts";
import { encodeShard } from "../../../sync/publish/storage/encode-blobs.ts";
import { listShardDigests } from "../../../sync/publish/storage/manifest-blobs.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { waitForEvent } from "../../support/worker/snapshot-events.ts";
import {
  buildTwoHosts,
  fetchGeneration,
  fetchStatusAndBody,
  putManifest,
  readManifest,
  startTwoHostsEdge,
} from "../../support/worker/two-hosts.ts";
import type { WorkerHarness } from "../../support/worker/worker-harness.ts";

const URL_OF_A = "http://a.example.com/";

let edge: WorkerHarness;
let lastGood: string;
let manifest: Manifest;

before(async () => {
  edge = await startTwoHostsEdge();
  await edge.publish(buildTwoHosts("two", "one"));
  await edge.publish(buildTwoHosts("one", "two"));
  lastGood = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  manifest = await readManifest(edge);
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one"); // stores the copies of this location
});

after(() => edge.close());

/** Replaces the active manifest, and returns the reason of the warm isolate. It serves on. */
async function rejectedByWarmIsolate(value: string): Promise<string> {
  const since = edge.lines.length;
  await edge.account.kv.put([{ key: CURRENT_KEY, value }]);
  await sendRequest(edge, URL_OF_A);
  const { reason, generation, ageSeconds } = await waitForEvent(edge, "snapshot-rejected", since);
  assert.equal(generation, 2);
  assert.ok(Number.isInteger(ageSeconds));
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
  return reason;
}

/** Restarts the isolate, and returns its reason for the copy of the manifest. It serves the host. */
async function rejectedByColdIsolate(): Promise<string> {
  await edge.stack.restartWorker();
  const since = edge.lines.length;
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
  const { reason, generation, ageSeconds } = await waitForEvent(edge, "snapshot-from-cache", since);
  assert.equal(generation, 2);
  assert.ok(Number.isInteger(ageSeconds));
  return reason;
}

async function restoreManifest(): Promise<void> {
  await edge.account.kv.put([{ key: CURRENT_KEY, value: lastGood }]);
  assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
}

function sign(changes: object): string {
  return edge.account.signer.sign(toCanonicalJson({ ...manifest, generation: 1000, ...changes }));
}

describe("manifests that are damaged", () => {
  const damages: readonly (readonly [condition: string, value: () => string, reason: string])[] = [
    ["is truncated", () => lastGood.slice(0, -100), "the manifest is not JSON"],
    ["is empty", () => "", "the manifest is not JSON"],
    ["has an unknown format", () => sign({ format: 99 }), "manifest is invalid: invalid_value at format"],
    [
      "is too large",
      () => sign({ author: { commit: "x".repeat(MAX_MANIFEST_BYTES) } }),
      "the manifest has more than 1048576 bytes",
    ],
  ];
  for (const [condition, buildValue, reason] of damages) {
    test(`If the manifest ${condition}, warm isolates keep theirs and cold ones use the copy of the location`, async () => {
      assert.equal(await rejectedByWarmIsolate(buildValue()), reason);
      assert.equal(await rejectedByColdIsolate(), reason);
      await restoreManifest();
    });
  }
});

describe("a manifest of an older generation", () => {
  test("Warm isolates and cold ones in a location with a newer copy ignore it", async () => {
    await putManifest(edge, { ...manifest, generation: 1 });
    for (let count = 0; count < 5; count++) assert.equal(await fetchGeneration(edge), 2);
    await edge.stack.restartWorker();
    assert.equal(await fetchGeneration(edge), 2);
    assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
    await restoreManifest();
  });
});

describe("shards that are damaged", () => {
  let key: string;
  let value: string;

  before(async () => {
    const [digest = ""] = listShardDigests(manifest);
    key = shardKey(digest);
    value = (await edge.account.kv.get(key)) ?? "";
  });

  const damages: readonly (readonly [condition: string, damage: () => Promise<string | undefined>, reason: RegExp])[] =
    [
      ["is missing", async () => undefined, /^not found: shard\/[0-9a-f]{32}$/],
      ["is truncated", async () => value.slice(0, 40), /^shard [0-9a-f]{32} is damaged: ./],
      [
        "is a valid shard of other hosts",
        async () => await encodeShard("\nother.example.com {}"),
        /^shard [0-9a-f]{32} has the digest [0-9a-f]{32}$/,
      ],
    ];
  for (const [condition, damage, reason] of damages) {
    test(`If a shard ${condition}, a cold isolate uses the copy of the location`, async () => {
      const damaged = await damage();
      if (damaged === undefined) await edge.account.kv.remove([key]);
      else await edge.account.kv.put([{ key, value: damaged }]);
      await edge.stack.restartWorker();
      const since = edge.lines.length;
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
      const event = await waitForEvent(edge, "shard-from-cache", since);
      assert.equal(event.key, key);
      assert.match(event.reason, reason);
      assert.ok(Number.isInteger(event.ageSeconds));
      await edge.account.kv.put([{ key, value }]);
    });
  }

  test("If a shard is missing in KV and in the location, its hosts are a 503 until KV has it", async () => {
    const digest = "3".repeat(32);
    const table = Buffer.from(digest, "hex").toString("base64");
    await edge.account.kv.put([{ key: CURRENT_KEY, value: sign({ shards: table }) }]);
    await edge.stack.restartWorker();
    const { status } = await sendRequest(edge, URL_OF_A, { headers: { "X-Request-ID": "missing" } });
    assert.equal(status, 503);
    const { outcome, reason } = await edge.waitForAccessLine("missing");
    assert.deepEqual([outcome, reason], ["no-snapshot", `not found: shard/${digest}`]);
    assert.equal(
      await fetchStatusAndBody(edge, "http://unknown.example.com/").then((answer) => answer.slice(0, 3)),
      "404",
    );
    assert.equal((await sendRequest(edge, "http://a.example.com/.well-known/edgress/health")).status, 200);
  });
});
