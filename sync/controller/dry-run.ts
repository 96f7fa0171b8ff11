import { createHistoryRetention } from "../publish/dns/history-retention.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import type { PublicationFormat } from "../runtime/publication-format.ts";
import { collectCompleteCluster } from "./collect-cluster.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { type CompiledCluster, runPipeline } from "./pipeline.ts";
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
      publish: (compiled: CompiledCluster, { publishedState }: PublishedBase) =>
        planChanges(compiled, publishedState.snapshot, dependencies.limits, dependencies),
      report: async (compiled: CompiledCluster, plan: PlannedPublication, { publishedState }: PublishedBase) =>
        buildPlanReport(compiled, plan, publishedState.snapshot),
    };
    const report = await runPipeline(dependencies, stages, new Date());
    if (report === undefined) throw new Error("the first lists are not complete");
    for (const line of formatPublication(report, options.format)) print(line);
    return computeReportExitCode(report);
  } finally {
    lifetime.abort();
  }
}

async function readDryRunBase(dependencies: ControllerDependencies): Promise<PublishedBase> {
  const publishedState = await readPublishedState(dependencies);
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  return { publishedState, previousState: previousStateFrom(publishedState.controllerState) };
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
