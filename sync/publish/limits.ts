import type { Shard } from "../../src/rules/snapshot.ts";

const MIB = 1024 * 1024;
/** KV takes 25 MiB: https://developers.cloudflare.com/kv/platform/limits/ */
const MOST_SHARD_BYTES = 24 * MIB;
/** Every cold start of an edge reads it whole. */
const MOST_MANIFEST_BYTES = MIB;
const WARN_FROM = 0.7;

/** What the sizes of a publication come to. */
export interface Fit {
  /** Why it must not be written. */
  readonly problems: readonly string[];
  /** What is near its limit, and has its remedy while there is time. */
  readonly warnings: readonly string[];
}

/** Judges the shards' texts, and the signed manifest's, before any of them is written. */
export function fitOf(shards: Iterable<string>, manifest: string): Fit {
  const sizes = [
    ...[...shards].map((text) => sizeOf(text, MOST_SHARD_BYTES, () => hostsText(text), "give that host fewer paths")),
    sizeOf(manifest, MOST_MANIFEST_BYTES, () => "the manifest", "let this account answer for fewer zones"),
  ];
  return {
    problems: sizes.filter(({ share }) => share > 1).map(({ textOf }) => textOf()),
    warnings: sizes.filter(({ share }) => share > WARN_FROM && share <= 1).map(({ textOf }) => textOf()),
  };
}

function sizeOf(text: string, most: number, whatOf: () => string, remedy: string) {
  const bytes = Buffer.byteLength(text);
  return { share: bytes / most, textOf: () => `${whatOf()}: ${mib(bytes)} of at most ${mib(most)} MiB; ${remedy}` };
}

/** Names the host that takes most of a shard. */
function hostsText(text: string): string {
  const { hosts }: Shard = JSON.parse(text);
  const sizes = hosts.map((host) => ({ host: host.host, bytes: JSON.stringify(host).length }));
  const largest = sizes.reduce((most, each) => (each.bytes > most.bytes ? each : most));
  return `the rules of host ${largest.host}`;
}

/** Never rounded down to the limit that is passed. */
function mib(bytes: number): string {
  return (Math.ceil((bytes / MIB) * 10) / 10).toFixed(1);
}
