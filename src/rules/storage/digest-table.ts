/**
 * Digests of blobs by number, as bytes: the first 16 bytes of each SHA-256. Sixteen zeros mean that no host belongs to
 * the blob.
 */
export type DigestTable = Uint8Array;

/** 128 bits, so that no one can find other bytes with the same digest. */
const DIGEST_BYTES = 16;
/** Number of hex digits of a digest in keys. */
export const DIGEST_DIGITS = 2 * DIGEST_BYTES;
const INDEX_BYTES = 2;

/** Packs digests in hex; undefined for a number without a blob. */
export function packDigests(digests: readonly (string | undefined)[]): DigestTable {
  const table = new Uint8Array(digests.length * DIGEST_BYTES);
  for (const [index, digest] of digests.entries())
    if (digest !== undefined) table.set(fromHex(digest), index * DIGEST_BYTES);
  return table;
}

/** Returns the number of blobs. Throws if it is not 0 or a power of two, because hashes choose the blob by their bits. */
export function countDigests(table: DigestTable): number {
  const count = table.length / DIGEST_BYTES;
  if (!Number.isInteger(count) || (count & (count - 1)) !== 0)
    throw new Error(`table of digests is invalid: ${table.length} bytes`);
  return count;
}

/** Returns a digest in hex, or undefined if the number has no blob. */
export function findDigest(table: DigestTable, index: number): string | undefined {
  const bytes = table.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  return bytes.some((byte) => byte !== 0) ? toHex(bytes) : undefined;
}

/** Returns all digests of a table in hex. */
export function listDigests(table: DigestTable): string[] {
  return Array.from({ length: countDigests(table) }, (_, index) => findDigest(table, index)).filter(
    (digest) => digest !== undefined,
  );
}

/** Returns the entries of a table that differ from `base`: each is a number of two bytes and a digest. */
export function diffDigests(base: DigestTable, table: DigestTable): Uint8Array {
  const indexes = Array.from({ length: countDigests(table) }, (_, index) => index).filter(
    (index) => findDigest(base, index) !== findDigest(table, index),
  );
  const patch = new Uint8Array(indexes.length * (INDEX_BYTES + DIGEST_BYTES));
  for (const [position, index] of indexes.entries()) {
    const start = position * (INDEX_BYTES + DIGEST_BYTES);
    patch.set([index >> 8, index & 0xff], start);
    patch.set(table.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES), start + INDEX_BYTES);
  }
  return patch;
}

/** Returns `base` with the entries of a patch. Throws if the patch has an invalid length or number. */
export function applyDigests(base: DigestTable, patch: Uint8Array): DigestTable {
  const entryBytes = INDEX_BYTES + DIGEST_BYTES;
  if (patch.length % entryBytes !== 0) throw new Error(`patch of digests is invalid: ${patch.length} bytes`);
  const table = base.slice();
  for (let start = 0; start < patch.length; start += entryBytes) {
    const index = ((patch[start] ?? 0) << 8) | (patch[start + 1] ?? 0);
    if (index >= countDigests(base)) throw new Error(`patch of digests is invalid: number ${index}`);
    table.set(patch.subarray(start + INDEX_BYTES, start + entryBytes), index * DIGEST_BYTES);
  }
  return table;
}

/** Returns bytes in hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return hex;
}

function fromHex(digest: string): Uint8Array {
  return Uint8Array.from({ length: digest.length / 2 }, (_, index) =>
    Number.parseInt(digest.slice(2 * index, 2 * index + 2), 16),
  );
}
