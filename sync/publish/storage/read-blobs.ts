import { errorMessage } from "../../../src/rules/error-message.ts";
import { filterKey, shardKey } from "../../../src/rules/kv-keys.ts";
import { Shard } from "../../../src/rules/snapshot.ts";
import { parseShardText } from "../../../src/rules/storage/shard-text.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import type { BlobReadResult, MissingBlob } from "../blobs.ts";
import { computeBlobDigest, decodeShardValue } from "./encode-blobs.ts";

/** Reads shards in bulk, and checks their digests and their schema. Rejects only if a request to KV fails. */
export async function readShards(kv: Kv, digests: readonly string[]): Promise<BlobReadResult<Shard>> {
  return await readAll(kv, digests, shardKey, parseShard);
}

/** Returns the segments of host filters that are missing or damaged in KV. */
export async function findMissingFilters(kv: Kv, digests: readonly string[]): Promise<readonly MissingBlob[]> {
  const parse = (value: string, digest: string) => {
    const bytes = Buffer.from(value, "base64");
    return computeBlobDigest(bytes) === digest ? { value: bytes } : "does not match its digest";
  };
  return (await readAll(kv, digests, filterKey, parse)).missingBlobs;
}

async function readAll<T>(
  kv: Kv,
  digests: readonly string[],
  formatKey: (digest: string) => string,
  parse: (value: string, digest: string) => { readonly value: T } | string,
): Promise<BlobReadResult<T>> {
  const stored = await kv.getMany(digests.map(formatKey));
  const results = digests.map((digest) => {
    const value = stored.get(formatKey(digest));
    return { digest, result: value === undefined ? "is not in KV" : parse(value, digest) };
  });
  return {
    values: new Map(
      results.flatMap(({ digest, result }) => (typeof result === "string" ? [] : [[digest, result.value] as const])),
    ),
    missingBlobs: results.flatMap(({ digest, result }) =>
      typeof result === "string" ? [{ digest, problem: result }] : [],
    ),
  };
}

function parseShard(value: string, digest: string): { readonly value: Shard } | string {
  try {
    const text = decodeShardValue(value);
    if (computeBlobDigest(text) !== digest) return "does not match its digest";
    const result = Shard.safeParse(parseShardText(text));
    if (result.success) return { value: result.data };
    return `is invalid at ${result.error.issues[0]?.path.join(".") || "the top"}`;
  } catch (error) {
    return `is damaged: ${errorMessage(error)}`;
  }
}
