import { NO_PREVIOUS_STATE } from "../compile/last-good.ts";
import type { ManifestBase } from "../controller/publish-manifests.ts";
import { type EdgeClient, formatAnswer } from "../edge/edge-client.ts";
import { findVerifyingKeyProblem } from "../edge/verifying-key-check.ts";
import type { Account } from "../publish/account.ts";
import { tolerateLoss } from "../publish/blobs.ts";
import { formatPin } from "../publish/history/pin.ts";
import { findFormatProblem, type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import type { Signer } from "../publish/sign-manifest.ts";
import { findSigningKeyProblem } from "../publish/signing-key-check.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { readNamespaceOwner, releaseNamespace } from "../publish/state/state.ts";
import { UsageError } from "../runtime/usage-error.ts";

interface PublishTarget {
  readonly takeOwnership: boolean;
  readonly dryRun: boolean;
  readonly resume: boolean;
}

/**
 * Rejects with a `UsageError` if the Worker does not accept the signing key. Resolves with a warning if the Worker does
 * not answer.
 */
export async function checkEdgeKey(edge: EdgeClient, signer: Signer): Promise<readonly string[]> {
  return (await readCheckedStatus(edge, signer)).warnings;
}

/** Reads the status of the Worker, and checks its keys. */
async function readCheckedStatus(edge: EdgeClient, signer: Signer) {
  const answer = await edge.readStatus();
  const problem = findVerifyingKeyProblem(answer, signer.publicKey);
  if (problem !== undefined) throw new UsageError(problem);
  const generation = answer.type === "serving" ? answer.generation : 0;
  if (answer.type !== "unavailable") return { generation, warnings: [] };
  const warning = `the key of the edge at ${edge.url} was not checked: ${formatAnswer(answer)}`;
  return { generation, warnings: [warning] };
}

/** The base of `edgress publish`. */
export interface CheckedBase extends ManifestBase {
  readonly snapshot: PublishedSnapshot;
  readonly warnings: readonly string[];
}

/** Checks the account, and reads the published snapshot. Missing shards are written again by the publication. */
export async function readCheckedBase(
  account: Account,
  edge: EdgeClient | undefined,
  options: PublishTarget,
): Promise<CheckedBase> {
  const status = edge ? await readCheckedStatus(edge, account.signer) : { generation: 0, warnings: [] };
  await assertPublishable(account, options);
  const { kv, verifier } = account;
  const snapshot = await tolerateLoss(readPublishedSnapshot(kv, verifier), () => {});
  if (snapshot.highestGeneration < status.generation)
    throw new UsageError(
      `Workers KV shows generation ${snapshot.highestGeneration}, but the edge at ${edge?.url} serves generation ${status.generation}. Run the command again after 60 s, or without --edge-url if that edge has another KV namespace`,
    );
  const pin = snapshot.manifest && formatPin(snapshot.manifest);
  if (pin !== undefined && !options.resume && !options.dryRun)
    throw new UsageError(`${pin}. Run \`edgress resume\` first, or publish with --resume`);
  const pinWarnings = pin === undefined ? [] : [pin];
  const publishedZones = snapshot.manifest?.zones;
  return { previousState: NO_PREVIOUS_STATE, publishedZones, warnings: [...status.warnings, ...pinWarnings], snapshot };
}

/**
 * Rejects with a `UsageError` if a controller owns the KV namespace, or the Worker would reject the signature. With
 * `takeOwnership`, it releases the namespace.
 */
async function assertPublishable(account: Account, { takeOwnership, dryRun }: PublishTarget): Promise<void> {
  const { kv, signer, verifier } = account;
  const problem = (await findFormatProblem(kv, verifier)) ?? (await findSigningKeyProblem(account));
  if (problem !== undefined && !takeOwnership) throw new UsageError(problem);
  const ownership = checkOwnership(await readNamespaceOwner(kv, verifier), undefined);
  if (ownership.ok) return;
  if (!takeOwnership) throw new UsageError(ownership.problem);
  if (!dryRun) await releaseNamespace(kv, signer);
}
