import { generationKey } from "../../../src/rules/kv-keys.ts";
import type { HostRules, Manifest } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { formatMissingBlobs } from "../blobs.ts";
import { listGenerations, parseSignedManifest, readHosts } from "../read-published.ts";
import type { ManifestVerifier } from "../sign-manifest.ts";

/** A generation of the history with all of its rules. */
export interface LoadedGeneration {
  readonly manifest: Manifest;
  readonly hosts: readonly HostRules[];
}

/** Reads a generation. Rejects with a `UsageError` if it is not in the history, unreadable or incomplete. */
export async function loadGeneration(
  kv: Kv,
  verifier: ManifestVerifier,
  generation: number,
): Promise<LoadedGeneration> {
  const bytes = await kv.get(generationKey(generation));
  if (bytes === undefined) throw new UsageError(await describeAbsence(kv, generation));
  const manifest = parseSignedManifest(bytes, verifier);
  if (manifest?.generation !== generation)
    throw new UsageError(
      `generation is unreadable: ${generation}. It has another signature or format; set the key that signed it in EDGRESS_VERIFYING_KEY`,
    );
  const { hosts, missingBlobs } = await readHosts(kv, manifest);
  if (missingBlobs.length > 0)
    throw new UsageError(
      `generation is incomplete: ${generation}, ${formatMissingBlobs(missingBlobs, "shard")}. Choose another one of \`edgress history\``,
    );
  return { manifest, hosts };
}

async function describeAbsence(kv: Kv, generation: number): Promise<string> {
  const generations = [...(await listGenerations(kv)).keys()];
  if (generations.length === 0) return `generation not found: ${generation}. Nothing is published in this KV namespace`;
  return `generation not found: ${generation}. History has ${Math.min(...generations)} to ${Math.max(...generations)}`;
}
