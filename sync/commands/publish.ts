import { assertReadableFolder, formatUnparsableFile, readManifests } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { formatDiagnostic, hasErrors } from "../compile/diagnostics.ts";
import { NO_PREVIOUS_STATE } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import { collectOnce } from "../controller/collect-cluster.ts";
import { type CollectedCluster, type CompiledCluster, runPipeline } from "../controller/pipeline.ts";
import { withPublicationDiagnostics } from "../controller/publication-diagnostics.ts";
import {
  createManifestDependencies,
  type ManifestPublication,
  publishManifests,
} from "../controller/publish-manifests.ts";
import type { Permits } from "../permits/model.ts";
import { loadPermits } from "../permits/source.ts";
import type { Account } from "../publish/account.ts";
import { findFormatProblem } from "../publish/read-published.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { readNamespaceOwner, releaseNamespace } from "../publish/state/state.ts";
import { createRegexChecker } from "../regex-check/regex-checker.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { type Environment, loadAccount } from "./account-from-env.ts";
import { readEnvironmentFiles } from "./environment-files.ts";

export interface PublishOptions extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  /** Publishes to the KV namespace of a controller, and releases it: no cluster owns it afterwards. */
  readonly takeOwnership: boolean;
  readonly allowMassDeletion: boolean;
  readonly maxRemovedHosts: number;
  /** Permits file; the default permits if not set. */
  readonly permits?: string | undefined;
}

/**
 * Publishes a folder of manifests once. Resolves with the exit code: 1 if an object was rejected or a mass deletion was
 * blocked. Publishes nothing if a
 * file does not parse, because its objects would be removed from the edge. Rejects if a controller owns the KV namespace.
 */
export async function runPublish(
  options: PublishOptions,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const account = loadAccount(readEnvironmentFiles(environment));
  const permits = await loadPermits(options.permits);
  await assertReadableFolder(options.manifests);
  const now = new Date();
  const dependencies = createManifestDependencies(account, options, createRegexChecker(), now);
  const stages = {
    collect: () => collectFolder(options.manifests, permits, print),
    readBase: async () => {
      await assertUnowned(account, options.takeOwnership);
      return { previousState: NO_PREVIOUS_STATE };
    },
    ...publishManifests(dependencies, options, now),
    report: async (compiled: CompiledCluster, publication: ManifestPublication) =>
      printPublication(compiled, publication, print),
  };
  return (await runPipeline(dependencies, stages, now)) ?? 1;
}

/** Collects a folder. Prints unparsable files, and resolves with undefined if there are any. */
async function collectFolder(
  folder: string,
  permits: Permits,
  print: (line: string) => void,
): Promise<CollectedCluster | undefined> {
  const { files, unparsableFiles } = await readManifests(folder);
  for (const file of unparsableFiles) print(formatUnparsableFile(file));
  if (unparsableFiles.length === 0) return collectOnce(parseCluster([...files.values()].flat()), permits);
  print("nothing was published: every file must parse");
  return undefined;
}

/** Prints diagnostics and the result. Returns the exit code. */
function printPublication(
  compiled: CompiledCluster,
  publication: ManifestPublication,
  print: (line: string) => void,
): number {
  const { publishResult, staleRecords, blockedRemovals } = publication;
  const { diagnostics } = withPublicationDiagnostics(compiled, publication).compilation;
  for (const diagnostic of diagnostics) print(formatDiagnostic(diagnostic));
  for (const { namespace, reason, lines } of blockedRemovals) {
    print(`error deletion blocked: ${reason} (namespace ${namespace}). Review it, then use --allow-mass-deletion`);
    for (const line of lines) print(`  ${line}`);
  }
  for (const { record } of staleRecords)
    print(`note DNS record ${record.name}: no rule needs it. Remove it after some minutes`);
  const { generation, digest, hasChanged, writes, warnings } = publishResult;
  for (const warning of warnings) print(`warning ${warning}`);
  print(`${hasChanged ? "published" : "unchanged"} generation=${generation} digest=${digest} writes=${writes}`);
  return hasErrors(diagnostics) || blockedRemovals.length > 0 ? 1 : 0;
}

/** Rejects with a `UsageError` if a controller owns the KV namespace. With `takeOwnership`, it releases the namespace. */
async function assertUnowned({ kv, signer }: Account, takeOwnership: boolean): Promise<void> {
  const formatProblem = await findFormatProblem(kv, signer);
  if (formatProblem !== undefined && !takeOwnership) throw new UsageError(formatProblem);
  const ownership = checkOwnership(await readNamespaceOwner(kv, signer), undefined);
  if (ownership.ok) return;
  if (!takeOwnership) throw new UsageError(ownership.problem);
  await releaseNamespace(kv, signer);
}
