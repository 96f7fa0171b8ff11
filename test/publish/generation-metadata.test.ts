import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGenerationMetadata, GenerationMetadata } from "../../sync/publish/history/generation-metadata.ts";
import { publish } from "../../sync/publish/publish.ts";
import { decodeShardValue } from "../../sync/publish/storage/encode-blobs.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildHostRules, buildRules, readAllShards } from "../support/publish/sample-rules.ts";
import { KEYS, NOW, SIGNER } from "../support/publish/signing.ts";

const AUTHOR = { command: "publish", commit: "4f1c2d" };

test("A generation has its author, its counts and its size, in the manifest and in the metadata of its key", async () => {
  const kv = new MemoryKv();
  const hosts = ["a.example.com", "b.example.com"].map((host) => buildHostRules(host, "one"));
  await publish(buildRules(hosts), kv, SIGNER, NOW, undefined, { author: AUTHOR });
  const { manifest } = await readAllShards(kv, KEYS.publicKey);
  const shards = [...kv.values].filter(([key]) => key.startsWith("shard/"));
  const bytes = shards.reduce((sum, [, value]) => sum + Buffer.byteLength(decodeShardValue(value)), 0);
  assert.deepEqual(manifest.author, AUTHOR);
  assert.deepEqual(manifest.counts, { hosts: 2, routes: 2, ingresses: 2, bytes });
  assert.deepEqual(
    await kv.listMetadata("generation/"),
    new Map([
      [
        "generation/1",
        { publishedAt: NOW.toISOString(), author: AUTHOR, counts: { hosts: 2, routes: 2, ingresses: 2, bytes } },
      ],
    ]),
  );
});

test("Metadata with long texts has at most 1,024 bytes", () => {
  const text = '"ü\u0000'.repeat(1000);
  const metadata = buildGenerationMetadata({
    publishedAt: NOW.toISOString(),
    author: { command: text, cluster: text, pod: text, commit: text },
    counts: { hosts: 1_000_000, routes: 3_000_000, ingresses: 1_000_000, bytes: 2 ** 40 },
    rollback: { of: 2 ** 50, at: NOW.toISOString(), by: text },
  } as never);
  assert.ok(Buffer.byteLength(JSON.stringify(metadata)) <= 1024);
  assert.deepEqual(GenerationMetadata.parse(metadata), metadata);
});
