import { formatDiagnostic, hasErrors } from "../compile/diagnostics.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import {
  checkRemoval,
  countHostRoutes,
  type DeletionLimits,
  diffRemovals,
  type Removal,
} from "../publish/guard/deletion-guard.ts";
import { collectCompleteCluster } from "./collect-cluster.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { type CompiledCluster, runPipeline } from "./pipeline.ts";
import { type PublishedBase, previousStateFrom, readPublishedState } from "./publish-cluster.ts";
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
 * sync would not publish every object.
 */
export async function dryRun(
  options: SyncOptions,
  context: ControllerContext,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const lifetime = new AbortController();
  try {
    const dependencies = await setUpController(options, context, READ_ONLY_LEADERSHIP, IGNORE_CHANGES, lifetime.signal);
    const stages = {
      collect: () => collectCompleteCluster(dependencies, signal),
      readBase: () => readDryRunBase(dependencies),
      publish: async (compiled: CompiledCluster, base: PublishedBase) =>
        computeChanges(compiled, base, dependencies.limits),
      report: async (compiled: CompiledCluster, changes: PlannedChanges) => printChanges(compiled, changes, print),
    };
    const exitCode = await runPipeline(dependencies, stages, new Date());
    if (exitCode === undefined) throw new Error("the first lists are not complete");
    return exitCode;
  } finally {
    lifetime.abort();
  }
}

async function readDryRunBase(dependencies: ControllerDependencies): Promise<PublishedBase> {
  const publishedState = await readPublishedState(dependencies);
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  return { publishedState, previousState: previousStateFrom(publishedState.controllerState) };
}

/** The differences between compiled rules and the published snapshot. */
interface PlannedChanges {
  readonly generation: number; // published
  readonly additions: Removal["routes"];
  readonly removals: Removal["routes"];
  readonly changedIngresses: readonly string[];
  readonly blockedReason: string | undefined;
}

function computeChanges(
  { compilation }: CompiledCluster,
  { publishedState: { snapshot } }: PublishedBase,
  limits: DeletionLimits,
): PlannedChanges {
  const { hosts } = compilation.rules;
  const removal = diffRemovals(snapshot.hosts, hosts);
  return {
    generation: snapshot.manifest?.generation ?? 0,
    additions: diffRemovals(hosts, snapshot.hosts).routes,
    removals: removal.routes,
    changedIngresses: [...findChangedIngresses(snapshot.hosts, hosts)].toSorted(),
    blockedReason: checkRemoval(removal, countHostRoutes(snapshot.hosts), limits, undefined).blockedReason,
  };
}

/** Prints diagnostics and changes. Returns the exit code. */
function printChanges(
  { compilation: { rules, diagnostics } }: CompiledCluster,
  { generation, additions, removals, changedIngresses, blockedReason }: PlannedChanges,
  print: (line: string) => void,
): number {
  for (const diagnostic of diagnostics) print(formatDiagnostic(diagnostic));
  for (const { line } of additions) print(`+ ${line}`);
  for (const { line } of removals) print(`- ${line}`);
  for (const name of changedIngresses) print(`~ Ingress ${name}`);
  if (blockedReason !== undefined) print(`would be blocked: ${blockedReason}`);
  print(
    `would publish ${rules.hosts.length} hosts with ${countHostRoutes(rules.hosts)} routes: ${additions.length} more, ` +
      `${removals.length} fewer; generation ${generation} is active`,
  );
  return hasErrors(diagnostics) || blockedReason !== undefined ? 1 : 0;
}
