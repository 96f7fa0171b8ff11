import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { readHostRules } from "../../../src/load/host-record.ts";
import { decodeFilter, decodeShard, verifyManifest, verifyShard } from "../../../src/load/verify.ts";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import { HostRules } from "../../../src/rules/snapshot.ts";
import { packDigests } from "../../../src/rules/storage/digest-table.ts";
import { parseSignedManifest, readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { computeBlobDigest, decodeShardValue, encodeShard } from "../../../sync/publish/storage/encode-blobs.ts";
import { encodeTable } from "../../../sync/publish/storage/manifest-blobs.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { KEYS, SIGNER } from "../../support/publish/signing.ts";
import { readOrRefuse } from "../assert-refusal.ts";
import { jsonMutation, mutate, textMutation } from "../inputs/mutations.ts";
import { createIsolateEnv, load, lookUpHost } from "../isolate.ts";
import { type PublishedFixtures, publishFixtures, signManifestJson } from "../published-snapshot.ts";
import { defineProperty, startWithoutServer } from "../target.ts";

// The readers of published values: at the edge, and in the controller. Values are damaged, or signed by a hostile writer.

const MIB = 1024 * 1024;

/** Values of gzip that become 3 MiB and more. */
const bombs = ["\0", "\n# {}", "\na.example.com {}", "["].flatMap((part) =>
  [3, 64].map((mib) => gzipSync(part.repeat((mib * MIB) / part.length)).toString("base64")),
);

function checkManifest({ kv, manifest }: PublishedFixtures) {
  const publisher = { publicKeys: KEYS.publicKey, kvNamespaceId: kv.namespaceId };
  return async (bytes: string) => {
    const atEdge = await readOrRefuse(() => verifyManifest(bytes, publisher));
    if (atEdge !== undefined) assert.deepEqual(atEdge, manifest);
    const inController = await readOrRefuse(() => parseSignedManifest(bytes, SIGNER));
    if (inController !== undefined) assert.deepEqual(inController, manifest);
  };
}

async function checkBlob({ digest, value, original }: { digest: string; value: string; original: string }) {
  const shard = await readOrRefuse(() => decodeShard(value, digest));
  if (shard !== undefined) assert.equal(shard.text, decodeShardValue(original));
  const filter = await readOrRefuse(() => decodeFilter(value, digest));
  if (filter !== undefined) assert.equal(Buffer.from(filter).toString("base64"), original);
  await readOrRefuse(() => decodeShardValue(value));
}

/** Reads a signed manifest and a host as a cold isolate and a controller do. */
function checkSigned({ kv, hosts }: PublishedFixtures) {
  return async ({ manifest, index }: { manifest: unknown; index: number }) => {
    const values = new Map(kv.values).set(CURRENT_KEY, signManifestJson(manifest));
    const env = createIsolateEnv(kv, values);
    const host = sampleName(hosts[index % hosts.length]?.host ?? "");
    await readOrRefuse(() => lookUpHost(env, values.get(CURRENT_KEY) ?? "", host));
    const changed = new MemoryKv();
    for (const [key, value] of values) changed.values.set(key, value);
    await readOrRefuse(() => readPublishedSnapshot(changed, SIGNER));
  };
}

/** Returns a host that only rules of this name match. */
function sampleName(host: string): string {
  return host.replace("**", "x.y").replace("*", "label");
}

/** Runs a warm isolate while values of KV are damaged, hidden and restored: the snapshot that it has read stays active. */
async function createWarmCheck({ kv, hosts }: PublishedFixtures) {
  const values = new Map(kv.values);
  const env = createIsolateEnv(kv, values);
  let now = 0;
  const readHosts = async () => {
    const work: Promise<unknown>[] = [];
    for (const { host } of hosts) {
      const request = { host: sampleName(host) };
      const result = await load(env, request, { waitUntil: (promise) => work.push(promise) }, now++);
      assert.ok(result.ok, `host ${host}: ${result.reason}`);
      assert.equal(result.match?.host, host);
    }
    await Promise.all(work.map((promise) => promise.catch(() => undefined)));
  };
  await readHosts();
  return async (changes: readonly (readonly [key: string, value: string | undefined])[]) => {
    for (const [key, value] of changes) {
      if (value === undefined) values.delete(key);
      else values.set(key, value);
      await readHosts();
    }
    for (const [key, value] of kv.values) values.set(key, value);
  };
}

/** Reads the text of a shard whose digest is right. */
async function checkShardText(text: string, host: string): Promise<void> {
  const value = await encodeShard(text);
  const digest = computeBlobDigest(text);
  const decoded = await readOrRefuse(() => decodeShard(value, digest));
  const record = decoded && (await readOrRefuse(() => readHostRules(decoded.text, host, digest)));
  // The edge reads a host without a schema, so what it accepts must be what the schema accepts.
  if (record) assert.deepEqual(HostRules.safeParse(record.rules).error?.issues, undefined);
  await readOrRefuse(() => verifyShard(value, digest));
}

/** Changes the JSON of one record of a shard's text. */
function mutateRecord(texts: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.nat(), jsonMutation, jsonMutation)
    .map(([text, choice, ...mutations]) => {
      const records = text.split("\n");
      const index = 1 + (choice % (records.length - 1));
      const [name = "", ...json] = records[index]?.split(" ") ?? [];
      const value = mutations.reduce<unknown>((current, change) => change(current), JSON.parse(json.join(" ")));
      return records.with(index, `${name} ${JSON.stringify(value)}`).join("\n");
    });
}

export async function startTarget() {
  const published = await publishFixtures();
  const { current, manifest, hosts, shards, filters } = published;
  const texts = shards.map(([, value]) => decodeShardValue(value));
  const hostOf = fc.constantFrom(...hosts.map(({ host }) => host));
  const damagedManifest = mutate(fc.constant(current), textMutation);
  const resigned = mutate<unknown>(fc.constant(manifest), jsonMutation);
  const blob = fc
    .tuple(fc.constantFrom(...shards, ...filters), fc.constantFrom(...shards, ...filters))
    .chain(([[digest, original], [, other]]) =>
      fc.record({
        digest: fc.constant(digest),
        original: fc.constant(original),
        value: fc.oneof(
          { weight: 40, arbitrary: mutate(fc.constantFrom(original, other), textMutation) },
          fc.constantFrom(...bombs),
        ),
      }),
    );
  const onlyShard = fc.constantFrom(...shards.map(([digest]) => digest)).map((digest) => ({
    ...manifest,
    shards: encodeTable(packDigests([digest])),
  }));
  const keyAndValue = fc
    .constantFrom(...published.kv.values)
    .chain(([key, value]) =>
      fc.tuple(fc.constant(key), fc.option(mutate(fc.constant(value), textMutation), { nil: undefined })),
    );
  return startWithoutServer([
    defineProperty("warm-isolate", fc.array(keyAndValue, { maxLength: 4 }), await createWarmCheck(published)),
    defineProperty("damaged-manifests", damagedManifest, checkManifest(published)),
    defineProperty("damaged-blobs", blob, checkBlob),
    defineProperty(
      "signed-manifests",
      fc.record({ manifest: fc.oneof(resigned, onlyShard), index: fc.nat() }),
      checkSigned(published),
    ),
    defineProperty(
      "signed-shards",
      fc.tuple(fc.oneof(mutate(fc.constantFrom(...texts), textMutation), mutateRecord(texts)), hostOf),
      ([text, host]) => checkShardText(text, host),
    ),
  ]);
}
