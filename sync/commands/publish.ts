import type { Cluster } from "../collect/cluster-model.ts";
import { NO_PREVIOUS_STATE } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import { findIgnoredIngresses, formatIgnoredClasses } from "../compile/select/ignored-ingresses.ts";
import { collectOnce } from "../controller/collect-cluster.ts";
import { buildPlanReport } from "../controller/dry-run.ts";
import {
  type CollectedCluster,
  type CompileDependencies,
  type CompiledCluster,
  runPipeline,
} from "../controller/pipeline.ts";
import { type PlannedPublication, planChanges } from "../controller/plan-changes.ts";
import {
  buildPublicationReport,
  computeReportExitCode,
  formatRejection,
  formatReport,
  type PublicationReport,
} from "../controller/publication-report.ts";
import {
  createManifestDependencies,
  type ManifestBase,
  type ManifestPublication,
  publishManifests,
} from "../controller/publish-manifests.ts";
import { DEFAULT_PERMITS, type Permits } from "../permits/model.ts";
import { readPermitsFile } from "../permits/source.ts";
import type { Account } from "../publish/account.ts";
import { PartialReadError } from "../publish/blobs.ts";
import { createHistoryRetention } from "../publish/dns/history-retention.ts";
import { findFormatProblem, type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import { findSigningKeyProblem } from "../publish/signing-key-check.ts";
import { checkOwnership } from "../publish/state/namespace-owner.ts";
import { readNamespaceOwner, releaseNamespace } from "../publish/state/state.ts";
import { createRegexChecker } from "../regex-check/regex-checker.ts";
import type { ReportFormat } from "../runtime/report-format.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { type Environment, loadAccount } from "./account-from-env.ts";
import { readEnvironmentFiles } from "./environment-files.ts";
import { assertReadableFolders, readFolders } from "./manifest-folders.ts";

export interface PublishOptions extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests: readonly string[];
  /** Publishes to the KV namespace of a controller, and releases it: no cluster owns it afterwards. */
  readonly takeOwnership: boolean;
  readonly allowMassDeletion: boolean;
  readonly maxRemovedHosts: number;
  /** Prints what would change, and writes nothing. */
  readonly dryRun: boolean;
  readonly format: ReportFormat;
  /** Permits file; the default permits if not set. */
  readonly permits?: string | undefined;
}

/**
 * Publishes folders of manifests once. Resolves with the exit code: 1 if an object was rejected, a mass deletion was
 * blocked or nothing is ours; 2 if a dry run found changes. Publishes nothing if a file does not parse, because its
 * objects would be removed from the edge. Rejects if a controller owns the KV namespace.
 */
export async function runPublish(
  options: PublishOptions,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const account = loadAccount(readEnvironmentFiles(environment));
  const permits = await loadPermits(options.permits);
  await assertReadableFolders(options.manifests);
  const now = new Date();
  const retention = createHistoryRetention(account.kv, account.verifier, () => now.getTime());
  const dependencies = createManifestDependencies(account, options, createRegexChecker(), now, retention);
  const stages = {
    collect: () => collectFolders(options, permits, print),
    readBase: () => readManifestBase(account, options),
  };
  const report = options.dryRun
    ? await runPipeline(dependencies, { ...stages, ...planStages(dependencies, options) }, now)
    : await runPipeline(dependencies, { ...stages, ...publishStages(dependencies, options, now) }, now);
  if (report === undefined) return 1;
  for (const line of formatReport(report, options.format)) print(line);
  return computeReportExitCode(report);
}

function planStages(dependencies: CompileDependencies, options: PublishOptions) {
  return {
    publish: (compiled: CompiledCluster, { snapshot }: PublishBase) =>
      planChanges(compiled, snapshot, options, dependencies),
    report: async (compiled: CompiledCluster, plan: PlannedPublication, { snapshot }: PublishBase) =>
      buildPlanReport(compiled, plan, snapshot),
  };
}

function publishStages(dependencies: CompileDependencies, options: PublishOptions, now: Date) {
  return {
    ...publishManifests(dependencies, options, now),
    report: async (
      compiled: CompiledCluster,
      publication: ManifestPublication,
      { snapshot }: PublishBase,
    ): Promise<PublicationReport> => buildPublicationReport(compiled, publication, snapshot),
  };
}

/** Collects folders. Prints why nothing may be published, and resolves with undefined. */
async function collectFolders(
  options: PublishOptions,
  permits: Permits,
  print: (line: string) => void,
): Promise<CollectedCluster | undefined> {
  const { cluster, problems } = await readFolders(options.manifests);
  const emptyProblem = options.allowMassDeletion ? undefined : explainEmptiness(cluster, options);
  const rejection = problems.length > 0 ? "every file must parse" : emptyProblem;
  if (rejection === undefined) return collectOnce(cluster, permits);
  for (const line of formatRejection(problems, rejection, options.format)) print(line);
  return undefined;
}

/** Returns why no Ingress would be published, if none is ours. */
function explainEmptiness(cluster: Cluster, options: PublishOptions): string | undefined {
  const ignoredIngresses = findIgnoredIngresses(cluster, options);
  if (ignoredIngresses.length < cluster.ingresses.length) return undefined;
  if (cluster.ingresses.length === 0)
    return `no valid Ingress found in ${options.manifests.join(", ")}. To remove all hosts, use --allow-mass-deletion`;
  return `no Ingress is selected: ${formatIgnoredClasses(ignoredIngresses)}`;
}

async function loadPermits(path: string | undefined): Promise<Permits> {
  if (path === undefined) return DEFAULT_PERMITS;
  const result = await readPermitsFile(path);
  if (result.ok) return result.value;
  throw new UsageError(`permits are invalid: ${result.problem}`);
}

interface PublishBase extends ManifestBase {
  readonly snapshot: PublishedSnapshot;
}

/** Reads the published snapshot. Missing shards are written again by the publication. */
async function readManifestBase(account: Account, options: PublishOptions): Promise<PublishBase> {
  await assertPublishable(account, options);
  const { kv, verifier } = account;
  try {
    return { previousState: NO_PREVIOUS_STATE, snapshot: await readPublishedSnapshot(kv, verifier) };
  } catch (error) {
    if (!(error instanceof PartialReadError)) throw error;
    return { previousState: NO_PREVIOUS_STATE, snapshot: error.partialResult as PublishedSnapshot };
  }
}

/**
 * Rejects with a `UsageError` if a controller owns the KV namespace, or the Worker would reject the signature. With
 * `takeOwnership`, it releases the namespace.
 */
async function assertPublishable(account: Account, { takeOwnership, dryRun }: PublishOptions): Promise<void> {
  const { kv, signer, verifier } = account;
  const problem = (await findFormatProblem(kv, verifier)) ?? (await findSigningKeyProblem(account));
  if (problem !== undefined && !takeOwnership) throw new UsageError(problem);
  const ownership = checkOwnership(await readNamespaceOwner(kv, signer), undefined);
  if (ownership.ok) return;
  if (!takeOwnership) throw new UsageError(ownership.problem);
  if (!dryRun) await releaseNamespace(kv, signer);
}
