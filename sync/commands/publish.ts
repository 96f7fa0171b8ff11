import { assertReadableFolder, formatUnparsableFile, readManifests } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { diagnosticReasons, formatDiagnostic } from "../compile/diagnostics.ts";
import { createRegexInspector } from "../compile/hosts/regex-safety.ts";
import type { Options } from "../compile/options.ts";
import { syncManifests } from "../controller/sync-folder.ts";
import { DEFAULT_PERMITS, type Permits } from "../permits/model.ts";
import { readPermitsFile } from "../permits/source.ts";
import type { Account } from "../publish/account.ts";
import { findFormatProblem } from "../publish/read-published.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { readNamespaceOwner, releaseNamespace } from "../publish/state/state.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { type Environment, loadAccount } from "./account-from-env.ts";

export interface PublishOptions extends Omit<Options, "zones" | "inspect" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  /** Publishes to a KV namespace that a cluster's sync job owns, which is nobody's from then on. */
  readonly takeOwnership: boolean;
  /** A file of permits; without it, those that hold by default. */
  readonly permits?: string | undefined;
}

/**
 * One round from a folder to an account. The exit code: 1 where an object was refused, so that CI can tell. Nothing is
 * published while a file does not parse, since what it held would be taken from the edge, or where a cluster's sync job
 * publishes, which would take it back.
 */
export async function runPublish(
  options: PublishOptions,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const account = loadAccount(environment);
  const permits = await loadPermits(options.permits);
  await assertReadableFolder(options.manifests);
  const { files, unparsableFiles } = await readManifests(options.manifests);
  for (const file of unparsableFiles) print(formatUnparsableFile(file));
  if (unparsableFiles.length > 0) {
    print("nothing was published: every file must parse");
    return 1;
  }
  await assertUnowned(account, options.takeOwnership);
  const cluster = parseCluster([...files.values()].flat());
  const compileOptions = { ...options, inspect: createRegexInspector(), permits };
  const result = await syncManifests(cluster, compileOptions, account, new Date());
  const { diagnostics, publishResult, staleRecords } = result;
  for (const diagnostic of diagnostics) print(formatDiagnostic(diagnostic));
  for (const { record } of staleRecords)
    print(`note DNS record ${record.name}: no rule needs it any more; remove it in some minutes`);
  const { generation, digest, hasChanged, writes, warnings } = publishResult;
  for (const warning of warnings) print(`warning ${warning}`);
  print(`${hasChanged ? "published" : "unchanged"} generation=${generation} digest=${digest} writes=${writes}`);
  return diagnostics.some(({ reason }) => diagnosticReasons[reason].severity === "error") ? 1 : 0;
}

async function loadPermits(path: string | undefined): Promise<Permits> {
  if (path === undefined) return DEFAULT_PERMITS;
  const result = await readPermitsFile(path);
  if (result.ok) return result.value;
  throw new UsageError(`the permits cannot be read: ${result.problem}`);
}

async function assertUnowned({ kv, signer }: Account, takeOwnership: boolean): Promise<void> {
  const formatProblem = await findFormatProblem(kv, signer);
  if (formatProblem !== undefined && !takeOwnership) throw new UsageError(formatProblem);
  const ownership = checkOwnership(await readNamespaceOwner(kv, signer), undefined);
  if (ownership.ok) return;
  if (!takeOwnership) throw new UsageError(ownership.problem);
  await releaseNamespace(kv, signer);
}
