import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import type { ByteCache, CachedItem } from "../runtime/byte-cache.ts";
import { createHostHandler } from "./host-handler.ts";
import { readHostRules } from "./host-record.ts";
import type { ShardText } from "./verify.ts";

/** Estimated bytes of memory for the handlers of hosts. An isolate has 128 MiB. */
export const MAX_HANDLER_BYTES = 26 * 1024 * 1024;
/** Bytes of memory for the texts of shards. A host without a handler gets one from the text at once. */
export const MAX_TEXT_BYTES = 20 * 1024 * 1024;
/** Bytes of memory for shards as KV has them, in gzip. A shard without a text is decompressed, which costs no read of KV. */
export const MAX_COMPRESSED_BYTES = 12 * 1024 * 1024;
/** Memory of a handler: some closures, and the rules, for each byte of their text. */
const BYTES_PER_HANDLER = 2048;
const BYTES_PER_TEXT_BYTE = 2;
const BYTES_PER_SHARD = 256; // of its digest, and of its place in the cache

/** The host of rules that matches a request's host, and its handler. */
export interface HostMatch extends CachedItem {
  readonly host: string;
  readonly shardDigest: string;
  readonly handler: Next;
}

/** A loaded shard, whose digest was checked. */
export interface LoadedShard extends CachedItem {
  readonly compressed: Uint8Array<ArrayBuffer>;
}

/** The text of a loaded shard. Its hosts stay text until the first request for them. */
export interface LoadedText extends CachedItem {
  readonly text: string;
}

/** Returns the key of a host in the cache: the same for both sides of a roll-out if their shards are equal. */
export function hostMatchKey(shardDigest: string, host: string): string {
  return `${shardDigest} ${host}`;
}

/** Creates the entry of a shard in the cache. */
export function createLoadedShard(digest: string, compressed: Uint8Array<ArrayBuffer>): LoadedShard {
  return { key: digest, compressed, bytes: compressed.byteLength + BYTES_PER_SHARD, usedAt: 0 };
}

/** Creates the entry of a shard's text in the cache. */
export function createLoadedText(digest: string, { text, isAscii }: ShardText): LoadedText {
  const bytesPerUnit = isAscii ? 1 : 2; // V8 stores a string with one other character in UTF-16
  return { key: digest, text, bytes: bytesPerUnit * text.length + BYTES_PER_SHARD, usedAt: 0 };
}

/** Returns the match of a host in the text of its shard, if the shard has it. Throws if its rules are invalid. */
export function addHostMatch(
  hosts: ByteCache<HostMatch>,
  text: string,
  host: string,
  shardDigest: string,
): HostMatch | undefined {
  const key = hostMatchKey(shardDigest, host);
  const present = hosts.get(key);
  if (present) return present;
  const record = readHostRules(text, host, shardDigest);
  if (!record) return undefined;
  const bytes = BYTES_PER_HANDLER + BYTES_PER_TEXT_BYTE * record.length;
  const handler = createHostHandler(record.rules, createForwarder);
  return hosts.add({ key, host, shardDigest, handler, bytes, usedAt: 0 });
}
