import type { ManifestAuthor } from "../../../src/rules/snapshot.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { Account } from "../account.ts";
import { formatMissingBlobs } from "../blobs.ts";
import { readPublishBase } from "../conflict-check.ts";
import { NO_FENCE } from "../guard/write-fence.ts";
import type { OperatorAct } from "../history/rollback.ts";
import { readHosts } from "../read-published.ts";
import { abortCandidate, promoteCandidate, type RolloutStepTarget } from "./rollout-manifest.ts";

/** A roll-out that an operator ended. */
export interface EndedRollout {
  readonly generation: number;
  readonly share: number; // of the candidate, in percent
}

/** Makes the candidate active for every client. Rejects with a `UsageError` if no candidate is published. */
export async function promote(account: Account, { author, now }: Omit<OperatorAct, "by">): Promise<EndedRollout> {
  const { manifest, candidate, target } = await readRollout(account, author, now);
  const { missingBlobs } = await readHosts(account.kv, manifest);
  if (missingBlobs.length > 0)
    throw new Error(`the candidate is incomplete in KV: ${formatMissingBlobs(missingBlobs, "shard")}. Publish again`);
  const written = await promoteCandidate(target, now);
  return { generation: written.manifest.generation, share: candidate.share };
}

/** Publishes the active rules to every client. Rejects with a `UsageError` if no candidate is published. */
export async function abort(account: Account, { author, by, now }: OperatorAct, reason: string): Promise<EndedRollout> {
  const { candidate, target } = await readRollout(account, author, now);
  const written = await abortCandidate({ by, reason }, target, now);
  return { generation: written.manifest.generation, share: candidate.share };
}

async function readRollout({ kv, signer }: Account, author: ManifestAuthor, now: Date) {
  const base = await readPublishBase(kv, signer, now, undefined);
  const { manifest } = base.snapshot;
  if (!manifest?.candidate) {
    const { aborted } = manifest ?? {};
    const last = aborted ? `. The last one was aborted by ${aborted.by} at ${aborted.at}: ${aborted.reason}` : "";
    throw new UsageError(`no candidate is published${last}`);
  }
  const target: RolloutStepTarget = { kv, signer, base, author, fence: NO_FENCE };
  return { manifest, candidate: manifest.candidate, target };
}
