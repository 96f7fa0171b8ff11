import type { Manifest, ManifestAuthor } from "../../../src/rules/snapshot.ts";
import { encodeTable, readCandidateTables } from "../storage/manifest-blobs.ts";
import { type ManifestTarget, writeManifest } from "../write-manifest.ts";

/** The end of a roll-out: who ended it, when and why. Texts are for people. */
export interface RolloutEnd {
  readonly author: ManifestAuthor;
  readonly by: string;
  readonly reason: string;
}

/** Makes the candidate active for every client, with one manifest. Throws if the manifest has no candidate. */
export function promoteCandidate(
  manifest: Manifest,
  { author }: Pick<RolloutEnd, "author">,
  target: ManifestTarget,
  now: Date,
) {
  const { candidate, aborted: _, ...content } = manifest;
  const tables = readCandidateTables(manifest);
  if (!candidate || !tables) throw new Error("the manifest has no candidate");
  const { digest, counts, wildcardFilter } = candidate;
  const [hostFilter, shards] = [encodeTable(tables.hostFilter), encodeTable(tables.shards)];
  return writeManifest({ ...content, author, digest, counts, wildcardFilter, hostFilter, shards }, target, now);
}

/** Publishes the active rules to every client, with one manifest. Throws if the manifest has no candidate. */
export function abortCandidate(
  manifest: Manifest,
  { author, by, reason }: RolloutEnd,
  target: ManifestTarget,
  now: Date,
) {
  const { candidate, ...content } = manifest;
  if (!candidate) throw new Error("the manifest has no candidate");
  const aborted = { digest: candidate.digest, at: now.toISOString(), by, reason };
  return writeManifest({ ...content, author, aborted }, target, now);
}
