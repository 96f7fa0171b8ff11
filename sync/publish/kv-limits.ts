import { MAX_MANIFEST_BYTES } from "../../src/rules/snapshot.ts";
import { MAX_SHARD_BYTES, parseShardText } from "../../src/rules/storage/shard-text.ts";

const MIB = 1024 * 1024;
/** Writes of the Free plan, until 00:00 UTC. */
export const FREE_DAILY_WRITES = 1000;
const WARNING_RATIO = 0.7;

/** Result of a size check. */
export interface SizeCheck {
  /** Values over the limit. */
  readonly problems: readonly string[];
  /** Values near the limit, each with a remedy. */
  readonly warnings: readonly string[];
}

/** Checks the sizes of shards and of the signed manifest before they are written. */
export function checkSizes(shards: Iterable<string>, manifest: string): SizeCheck {
  const sizes = [
    ...[...shards].map((text) =>
      checkSize(text, MAX_SHARD_BYTES, () => describeLargestHost(text), "Remove paths from the host"),
    ),
    checkSize(manifest, MAX_MANIFEST_BYTES, () => "the manifest", "Use fewer zones in this account"),
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
    format: () => `${describe()}: ${formatMebibytes(bytes)} of at most ${formatMebibytes(maxBytes)} MiB. ${remedy}`,
  };
}

/** Names the largest host of a shard. */
function describeLargestHost(text: string): string {
  const hosts = parseShardText(text).hosts as readonly { readonly host: string }[]; // serialized in this process
  const sizes = hosts.map((host) => ({ host: host.host, bytes: JSON.stringify(host).length }));
  const largest = sizes.reduce((maximum, size) => (size.bytes > maximum.bytes ? size : maximum));
  return `the rules of host ${largest.host}`;
}

/** Formats bytes as MiB, rounded up, because a value over the limit must not look equal to the limit. */
export function formatMebibytes(bytes: number): string {
  return (Math.ceil((bytes / MIB) * 10) / 10).toFixed(1);
}
