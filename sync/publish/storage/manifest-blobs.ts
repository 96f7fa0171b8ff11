import { filterKey, shardKey } from "../../../src/rules/kv-keys.ts";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import { applyDigests, type DigestTable, listDigests } from "../../../src/rules/storage/digest-table.ts";

type ManifestTables = Pick<Manifest, "shards" | "hostFilter" | "candidate">;

/** The tables of one side of a manifest. */
export interface SideTables {
  readonly shards: DigestTable;
  readonly hostFilter: DigestTable;
}

/** Reads the tables of the active side. */
export function readActiveTables({ shards, hostFilter }: ManifestTables): SideTables {
  return { shards: decodeTable(shards), hostFilter: decodeTable(hostFilter) };
}

/** Reads the tables of the candidate, if the manifest has one. */
export function readCandidateTables(manifest: ManifestTables): SideTables | undefined {
  const { candidate } = manifest;
  if (!candidate) return undefined;
  const active = readActiveTables(manifest);
  return {
    shards: applyDigests(active.shards, decodeTable(candidate.shards)),
    hostFilter: applyDigests(active.hostFilter, decodeTable(candidate.hostFilter)),
  };
}

/** Returns the digests of the shards of the active side. */
export function listShardDigests(manifest: ManifestTables): string[] {
  return [...new Set(listDigests(readActiveTables(manifest).shards))];
}

/** Returns the digests of the shards of both sides. */
export function listAllShardDigests(manifest: ManifestTables): string[] {
  return [...new Set(listSides(manifest).flatMap(({ shards }) => listDigests(shards)))];
}

/** Returns the digests of the segments of the host filters of both sides. */
export function listFilterDigests(manifest: ManifestTables): string[] {
  return [...new Set(listSides(manifest).flatMap(({ hostFilter }) => listDigests(hostFilter)))];
}

/** Returns the keys of all blobs that an edge may read for a manifest. */
export function listBlobKeys(manifest: ManifestTables): string[] {
  return [...listAllShardDigests(manifest).map(shardKey), ...listFilterDigests(manifest).map(filterKey)];
}

/** Encodes a table, or a part of one, for a manifest. */
export function encodeTable(table: Uint8Array): string {
  return Buffer.from(table).toString("base64");
}

function listSides(manifest: ManifestTables): SideTables[] {
  const candidate = readCandidateTables(manifest);
  return [readActiveTables(manifest), ...(candidate ? [candidate] : [])];
}

/** Decodes a table, or a part of one, of a manifest. */
export function decodeTable(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
