import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import { DIGEST_DIGITS } from "../../../src/rules/storage/digest-table.ts";
import { MAX_SHARD_BYTES } from "../../../src/rules/storage/shard-text.ts";
import { computeDigest } from "../canonical-json.ts";

// Asynchronous, because a first publication compresses for seconds, and the Lease must be renewed meanwhile.
const compress = promisify(gzip);

/** Returns the digest of a blob, as its key has it. */
export function computeBlobDigest(bytes: string | Uint8Array): string {
  return computeDigest(bytes).slice(0, DIGEST_DIGITS);
}

/** Returns the value of a shard in KV. */
export async function encodeShard(text: string): Promise<string> {
  return (await compress(text)).toString("base64");
}

/** Returns the text of a shard in a value of KV. Throws if it is damaged or too large. */
export function decodeShardValue(value: string): string {
  return gunzipSync(Buffer.from(value, "base64"), { maxOutputLength: MAX_SHARD_BYTES }).toString();
}

/** Returns the value of a segment of the host filter in KV. */
export function encodeFilter(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
