import { MAX_MANIFEST_BYTES } from "../../src/rules/snapshot.ts";
import { MAX_SHARD_BYTES } from "../../src/rules/storage/shard-text.ts";
import type { SerializedShard } from "./serialize.ts";

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
export function checkSizes(shards: Iterable<SerializedShard>, manifest: string): SizeCheck {
  const sizes = [
    ...[...shards].map((shard) =>
      checkSize(shard.bytes, MAX_SHARD_BYTES, () => describeLargestHost(shard), "Remove paths from the host"),
    ),
    checkSize(Buffer.byteLength(manifest), MAX_MANIFEST_BYTES, () => "the manifest", "Use fewer zones in this account"),
  ];
  return {
    problems: sizes.filter(({ ratio }) => ratio > 1).map(({ format }) => format()),
    warnings: sizes.filter(({ ratio }) => ratio > WARNING_RATIO && ratio <= 1).map(({ format }) => format()),
  };
}

function checkSize(bytes: number, maxBytes: number, describe: () => string, remedy: string) {
  return {
    ratio: bytes / maxBytes,
    format: () => `${describe()}: ${formatMebibytes(bytes)} of at most ${formatMebibytes(maxBytes)} MiB. ${remedy}`,
  };
}

/** Names the largest host of a shard. */
function describeLargestHost({ members }: SerializedShard): string {
  const [largest] = members.toSorted((a, b) => b.text.length - a.text.length);
  return `the rules of host ${largest?.name}`;
}

/** Formats bytes as MiB, rounded up, because a value over the limit must not look equal to the limit. */
export function formatMebibytes(bytes: number): string {
  return (Math.ceil((bytes / MIB) * 10) / 10).toFixed(1);
}
