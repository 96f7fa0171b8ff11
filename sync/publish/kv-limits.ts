import type { Shard } from "../../src/rules/snapshot.ts";

const MIB = 1024 * 1024;
/** KV takes 25 MiB: https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_SHARD_BYTES = 24 * MIB;
/** Every cold start of an edge reads it whole. */
const MAX_MANIFEST_BYTES = MIB;
const WARNING_RATIO = 0.7;

/** What the sizes of a publication come to. */
export interface SizeCheck {
  /** Why it must not be written. */
  readonly problems: readonly string[];
  /** What is near its limit, and has its remedy while there is time. */
  readonly warnings: readonly string[];
}

/** Judges the shards' texts, and the signed manifest's, before any of them is written. */
export function checkSizes(shards: Iterable<string>, manifest: string): SizeCheck {
  const sizes = [
    ...[...shards].map((text) =>
      checkSize(text, MAX_SHARD_BYTES, () => describeLargestHost(text), "give that host fewer paths"),
    ),
    checkSize(manifest, MAX_MANIFEST_BYTES, () => "the manifest", "let this account answer for fewer zones"),
  ];
  return {
    problems: sizes.filter(({ ratio }) => ratio > 1).map(({ format }) => format()),
    warnings: sizes.filter(({ ratio }) => ratio > WARNING_RATIO && ratio <= 1).map(({ format }) => format()),
  };
}

function checkSize(text: string, maxBytes: number, describe: () => string, remedy: string) {
  const bytes = Buffer.byteLength(text);
  return {
    ratio: bytes / maxBytes,
    format: () => `${describe()}: ${formatMebibytes(bytes)} of at most ${formatMebibytes(maxBytes)} MiB; ${remedy}`,
  };
}

/** Names the host that takes most of a shard. */
function describeLargestHost(text: string): string {
  const { hosts }: Shard = JSON.parse(text);
  const sizes = hosts.map((host) => ({ host: host.host, bytes: JSON.stringify(host).length }));
  const largest = sizes.reduce((maximum, size) => (size.bytes > maximum.bytes ? size : maximum));
  return `the rules of host ${largest.host}`;
}

/** Never rounded down to the limit that is passed. */
function formatMebibytes(bytes: number): string {
  return (Math.ceil((bytes / MIB) * 10) / 10).toFixed(1);
}
