import type { Cluster } from "../collect/cluster-model.ts";
import type { Options } from "../compile/options.ts";
import { findIgnoredIngresses, formatIgnoredClasses } from "../compile/select/ignored-ingresses.ts";
import { collectOnce } from "../controller/collect-cluster.ts";
import { buildPlanReport } from "../controller/dry-run.ts";
import type { HostOptions } from "../controller/managed-hosts.ts";
import {
  type CollectedCluster,
  type CompileDependencies,
  type CompiledCluster,
  runPipeline,
} from "../controller/pipeline.ts";
import { type PlannedPublication, planChanges } from "../controller/plan-changes.ts";
import {
  createManifestDependencies,
  type ManifestPublication,
  publishManifests,
} from "../controller/publish-manifests.ts";
import {
  buildPublicationReport,
  computeReportExitCode,
  formatPublication,
  formatRejection,
  type PublicationReport,
} from "../controller/report/publication-report.ts";
import type { EdgeClient } from "../edge/edge-client.ts";
import { formatAdoption, waitForEdge } from "../edge/wait-for-edge.ts";
import type { Permits } from "../permits/model.ts";
import { loadPermits } from "../permits/source.ts";
import type { Account } from "../publish/account.ts";
import { createHistoryRetention } from "../publish/dns/history-retention.ts";
import { createRegexChecker } from "../regex-check/regex-checker.ts";
import type { PublicationFormat } from "../runtime/publication-format.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { listEdgeVariables, loadAccount, loadEdge } from "./account-from-env.ts";
import { type CheckedBase, readCheckedBase } from "./checked-base.ts";
import { readEnvironmentFiles } from "./environment-files.ts";
import type { Environment } from "./help/environment-variables.ts";
import { assertReadablePaths, readPaths } from "./manifest-paths.ts";
import { readAuthor } from "./publications/author.ts";
import type { ObserveAccount } from "./publications/observed-run.ts";

export interface PublishOptions
  extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits">,
    HostOptions {
  readonly manifests: readonly string[];
  /** Publishes to the KV namespace of a controller, and releases it: no cluster owns it afterwards. */
  readonly takeOwnership: boolean;
  readonly allowMassDeletion: boolean;
  /** Publishes although a rollback is active, and ends it. */
  readonly resume: boolean;
  /** The share of clients that gets the rules first, in percent. */
  readonly stage?: readonly number[] | undefined;
  /** The commit of the manifests, for the history. */
  readonly commit?: string | undefined;
  readonly maxRemovedHosts: number;
  /** Prints what would change, and writes nothing. */
  readonly dryRun: boolean;
  readonly format: PublicationFormat;
  /** URL of the Worker, to check its key and generation. */
  readonly edgeUrl?: string | undefined;
  /** Seconds to wait until the Worker serves the publication. */
  readonly wait?: number | undefined;
  /** Permits file; the default permits if not set. */
  readonly permits?: string | undefined;
}

/**
 * Publishes manifests once. Resolves with the exit code: 1 if an object was rejected, a mass deletion was
 * blocked or nothing is ours; 2 if a dry run found changes. Publishes nothing if a file does not parse, because its
 * objects would be removed from the edge. Rejects if a controller owns the KV namespace.
 */
export async function runPublish(
  options: PublishOptions,
  environmentWithFiles: Environment,
  print: (line: string) => void,
  observe: ObserveAccount = (account) => account,
): Promise<number> {
  const environment = readEnvironmentFiles(environmentWithFiles);
  const account = observe(loadAccount(environment, listEdgeVariables(options.edgeUrl)));
  const edge = loadEdge(options.edgeUrl, environment);
  if (options.wait !== undefined && !edge) throw new UsageError("--wait needs --edge-url");
  const permits = await loadPermits(options.permits);
  await assertReadablePaths(options.manifests);
  const { dependencies, stages, now } = openPublication(options, permits, account, edge, print);
  const report = options.dryRun
    ? await runPipeline(dependencies, { ...stages, ...planStages(dependencies, options) }, now)
    : await runPipeline(dependencies, { ...stages, ...publishStages(dependencies, options, environment, now) }, now);
  if (report === undefined) return 1;
  const wait = edge && options.wait !== undefined && !options.dryRun ? { edge, seconds: options.wait } : undefined;
  return reportPublication(report, options.format, wait, print);
}

/** Creates the dependencies of one publication of manifests, and the stages that read its inputs. */
export function openPublication(
  options: PublishOptions,
  permits: Permits,
  account: Account,
  edge: EdgeClient | undefined,
  print: (line: string) => void,
) {
  const now = new Date();
  const retention = createHistoryRetention(account.kv, account.verifier, () => now.getTime());
  const dependencies = createManifestDependencies(account, options, createRegexChecker(), now, retention, options);
  const stages = {
    collect: () => collectManifests(options, permits, print),
    readBase: () => readCheckedBase(account, edge, options),
  };
  return { dependencies, stages, now };
}

/** Prints a report, and waits for the edge. Returns the exit code. JSON is one document, so it is printed last. */
export async function reportPublication(
  report: PublicationReport,
  format: PublicationFormat,
  wait: { readonly edge: EdgeClient; readonly seconds: number } | undefined,
  print: (line: string) => void,
): Promise<number> {
  if (format === "text") for (const line of formatPublication(report, format)) print(line);
  const adoption = wait && (await waitForEdge(wait.edge, report.generation, wait.seconds * 1000));
  if (format === "json") for (const line of formatPublication(report, format, adoption)) print(line);
  else if (adoption) print(formatAdoption(adoption));
  return adoption && !adoption.isAdopted ? 1 : computeReportExitCode(report);
}

function planStages(dependencies: CompileDependencies, options: PublishOptions) {
  return {
    publish: (compiled: CompiledCluster, { snapshot }: CheckedBase) =>
      planChanges(compiled, snapshot, options, dependencies),
    report: async (compiled: CompiledCluster, plan: PlannedPublication, { snapshot, warnings }: CheckedBase) => ({
      ...buildPlanReport(compiled, plan, snapshot),
      warnings: [...warnings, ...(plan.hostResult?.warnings ?? [])],
    }),
  };
}

/** Creates the stages that publish manifests and report it. */
export function publishStages(
  dependencies: CompileDependencies,
  options: PublishOptions,
  environment: Environment,
  now: Date,
  command = "publish",
) {
  const author = readAuthor(command, environment, options.commit);
  return {
    ...publishManifests(dependencies, { ...options, author }, now),
    report: async (
      compiled: CompiledCluster,
      publication: ManifestPublication,
      { snapshot, warnings }: CheckedBase,
    ): Promise<PublicationReport> => {
      const report = buildPublicationReport(compiled, publication, snapshot);
      return { ...report, warnings: [...warnings, ...report.warnings] };
    },
  };
}

/** Collects manifests. Prints why nothing may be published, and resolves with undefined. */
async function collectManifests(
  options: PublishOptions,
  permits: Permits,
  print: (line: string) => void,
): Promise<CollectedCluster | undefined> {
  const { cluster, problems } = await readPaths(options.manifests);
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
