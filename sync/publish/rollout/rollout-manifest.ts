import type { AbortedCandidate, Candidate, HostRules, Manifest } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { NewestGeneration } from "../read-published.ts";
import { encodeTable, readCandidateTables } from "../storage/manifest-blobs.ts";
import { readSideHosts } from "../storage/read-hosts.ts";
import { type ManifestTarget, writeManifest } from "../write-manifest.ts";

/** A manifest before it has its number. */
export type RolloutManifest = Omit<Manifest, "generation" | "publishedAt">;

/** The manifest that a step of a roll-out has published. */
export type WrittenRollout = NewestGeneration & { readonly manifest: Manifest };

/** The author of a step, and the account. */
export interface RolloutStepTarget extends ManifestTarget {
  readonly author: Manifest["author"];
}

/** Gives the candidate to another share of clients. One manifest write. */
export async function changeShare(share: number, target: RolloutStepTarget, now: Date): Promise<WrittenRollout> {
  const { content, candidate } = requireCandidate(target);
  const stageStartedAt = now.toISOString();
  return await writeManifest({ ...content, candidate: { ...candidate, share, stageStartedAt } }, target, now);
}

/** Makes the candidate the active rules of every client. One manifest write, because its blobs are in KV. */
export async function promoteCandidate(target: RolloutStepTarget, now: Date): Promise<WrittenRollout> {
  const { content, candidate } = requireCandidate(target);
  const tables = readCandidateTables({ ...content, candidate });
  if (!tables) throw new Error("manifest has no tables of the candidate");
  const { aborted: _, deepWildcardLabels: __, ...rest } = content;
  const { deepWildcardLabels } = candidate;
  const promoted: RolloutManifest = {
    ...rest,
    ...(deepWildcardLabels !== undefined && { deepWildcardLabels }),
    digest: candidate.digest,
    counts: candidate.counts,
    hostFilter: encodeTable(tables.hostFilter),
    wildcardFilter: candidate.wildcardFilter,
    shards: encodeTable(tables.shards),
  };
  return await writeManifest(promoted, target, now);
}

/**
 * Ends a roll-out: every client gets the active rules, with the guards that the candidate added. The manifest names the
 * candidate, so that it is not staged again. One manifest write.
 */
export async function abortCandidate(
  { by, reason }: Pick<AbortedCandidate, "by" | "reason">,
  target: RolloutStepTarget,
  now: Date,
): Promise<WrittenRollout> {
  const { content, candidate } = requireCandidate(target);
  const aborted = { digest: candidate.digest, at: now.toISOString(), by, reason };
  return await writeManifest({ ...content, aborted }, target, now);
}

/** Reads the hosts of the candidate. Rejects if a shard is missing or damaged. */
export async function readCandidateHosts(kv: Kv, manifest: Manifest): Promise<readonly HostRules[]> {
  const tables = readCandidateTables(manifest);
  return tables ? await readSideHosts(kv, tables) : [];
}

/** Returns the published manifest. Throws a `UsageError` if nothing is published. */
export function requirePublished({ manifest }: Pick<NewestGeneration, "manifest">): Manifest {
  if (!manifest) throw new UsageError("no generation is published. Publish without --stage first");
  return manifest;
}

/** Splits the published manifest. Throws a `UsageError` without a candidate. */
function requireCandidate({ base, author }: RolloutStepTarget): {
  readonly content: RolloutManifest;
  readonly candidate: Candidate;
} {
  const { candidate, generation, publishedAt: _, ...content } = requirePublished(base.snapshot);
  if (!candidate) throw new UsageError(`generation ${generation} has no candidate. Start a roll-out with --stage`);
  return { content: { ...content, author }, candidate };
}
