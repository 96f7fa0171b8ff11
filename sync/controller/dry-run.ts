import { createHistoryRetention } from "../publish/dns/history-retention.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import type { PublicationFormat } from "../runtime/publication-format.ts";
import { collectCompleteCluster } from "./collect-cluster.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { type CompiledCluster, runPipeline, type Stages } from "./pipeline.ts";
import { type PlannedPublication, planChanges } from "./plan-changes.ts";
import { type PublishedBase, previousStateFrom, readPublishedState } from "./publish-cluster.ts";
import { withHostDiagnostics } from "./report/host-diagnostics.ts";
import { computeReportExitCode, formatPublication, type PublicationReport } from "./report/publication-report.ts";
import { type ControllerContext, IGNORE_CHANGES, type SyncOptions, setUpController } from "./setup.ts";

/** A dry run joins no election, so it may not write. */
const READ_ONLY_LEADERSHIP: ControllerDependencies["leadership"] = {
  status: () => ({ type: "standby", holder: undefined }),
  check() {
    throw new Error("a dry run writes nothing");
  },
  reservations: { read: async () => undefined, reserve: () => Promise.reject(new Error("a dry run writes nothing")) },
};

/**
 * Prints the changes of one sync, and writes nothing to the account or the cluster. Resolves with the exit code: 1 if a
 * sync would not publish every object, 2 if it would change something.
 */
export async function dryRun(
  options: SyncOptions & { readonly format: PublicationFormat },
  context: ControllerContext,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const report = await rehearseSync(
    options,
    context,
    (dependencies) => ({
      publish: (compiled: CompiledCluster, { publishedState }: PublishedBase) =>
        planChanges(compiled, publishedState.snapshot, dependencies.limits, dependencies),
      report: async (compiled, plan: PlannedPublication, { publishedState }) =>
        buildPlanReport(compiled, plan, publishedState.snapshot),
    }),
    signal,
  );
  for (const line of formatPublication(report, options.format)) print(line);
  return computeReportExitCode(report);
}

/**
 * Runs one sync of a live cluster with the last two stages of the caller, and without the stages that write. Rejects if the
 * cluster is not complete.
 */
export async function rehearseSync<Publication, Result>(
  options: SyncOptions,
  context: ControllerContext,
  createStages: (
    dependencies: ControllerDependencies,
  ) => Pick<Stages<PublishedBase, Publication, Result>, "publish" | "report">,
  signal: AbortSignal,
): Promise<Result> {
  const lifetime = new AbortController();
  const { kv, verifier } = context.account;
  const splitStaleRecords = createHistoryRetention(kv, verifier, Date.now);
  const oneTimeContext = { ...context, edge: undefined, splitStaleRecords };
  try {
    const dependencies = await setUpController(
      options,
      oneTimeContext,
      READ_ONLY_LEADERSHIP,
      IGNORE_CHANGES,
      lifetime.signal,
    );
    const stages = {
      collect: () => collectCompleteCluster(dependencies, signal),
      readBase: () => readDryRunBase(dependencies),
      ...createStages(dependencies),
    };
    const result = await runPipeline(dependencies, stages, new Date());
    if (result === undefined) throw new Error("the first lists are not complete");
    return result;
  } finally {
    lifetime.abort();
  }
}

async function readDryRunBase(dependencies: ControllerDependencies): Promise<PublishedBase> {
  const publishedState = await readPublishedState(dependencies);
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  const previousState = previousStateFrom(publishedState.controllerState);
  return { publishedState, previousState, publishedZones: publishedState.snapshot.manifest?.zones };
}

/** Builds the report of a dry run. */
export function buildPlanReport(
  compiled: CompiledCluster,
  { rules, hasChanges, hostResult, ...plan }: PlannedPublication,
  { manifest }: Pick<PublishedSnapshot, "manifest">,
): PublicationReport {
  return {
    result: hasChanges ? "would-change" : "would-not-change",
    generation: manifest?.generation ?? 0,
    digest: manifest?.digest ?? "",
    writes: 0,
    hosts: rules.hosts,
    ...plan,
    ignoredIngresses: compiled.compilation.ignoredIngresses,
    diagnostics: withHostDiagnostics(compiled, rules.hosts, hostResult).compilation.diagnostics,
    warnings: hostResult?.warnings ?? [],
  };
}
