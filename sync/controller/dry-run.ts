import { diagnosticReasons, formatDiagnostic } from "../compile/diagnostics.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import { checkRemoval, countHostRoutes, diffRemovals } from "../publish/guard/deletion-guard.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { type ControllerContext, pause, type SyncOptions, setUpController } from "./setup.ts";
import {
  type CompiledCluster,
  compileCluster,
  type PublishedState,
  previousStateFrom,
  readPublishedState,
} from "./sync-cluster.ts";

const LIST_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/** Whoever only looks leads nothing, and may write nothing. */
const READ_ONLY_LEADERSHIP = {
  status: () => ({ type: "standby", holder: undefined }) as const,
  check() {
    throw new Error("a dry run writes nothing");
  },
};

/**
 * Says what a round would do, and does nothing of it: nothing is written to the account, nor to the cluster. The exit code: 1
 * where something would not be published.
 */
export async function dryRun(
  options: SyncOptions,
  context: ControllerContext,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const abortController = new AbortController();
  try {
    const dependencies = await setUpController(
      options,
      context,
      READ_ONLY_LEADERSHIP,
      { onChange: () => {}, onResourceRemoved: () => {} },
      abortController.signal,
    );
    const publishedState = await readPublishedState(dependencies);
    const compiledCluster = await compileWhenReady(dependencies, publishedState, signal);
    if (!compiledCluster) throw new Error("the first lists are not in");
    const { diagnostics } = compiledCluster.compilation.compilation;
    for (const diagnostic of diagnostics) print(formatDiagnostic(diagnostic));
    const isBlocked = printChanges(dependencies, compiledCluster, publishedState, print);
    return isBlocked || diagnostics.some(({ reason }) => diagnosticReasons[reason].severity === "error") ? 1 : 0;
  } finally {
    abortController.abort();
  }
}

async function compileWhenReady(
  dependencies: ControllerDependencies,
  { controllerState }: PublishedState,
  signal: AbortSignal,
): Promise<CompiledCluster | undefined> {
  for (const startedAt = performance.now(); performance.now() - startedAt < LIST_TIMEOUT_MS && !signal.aborted; ) {
    const permits = dependencies.permits.read();
    if (permits?.problem !== undefined) throw new Error(`the permits cannot be read: ${permits.problem}`);
    const compiledCluster =
      permits?.permits &&
      (await compileCluster(dependencies, permits.permits, previousStateFrom(controllerState), new Date()));
    if (compiledCluster) return compiledCluster;
    await pause(POLL_INTERVAL_MS, signal);
  }
  return undefined;
}

/** Prints what would be different at the edge; whether the round would be held back. */
function printChanges(
  dependencies: ControllerDependencies,
  { compilation }: CompiledCluster,
  { snapshot }: PublishedState,
  print: (line: string) => void,
): boolean {
  const { hosts } = compilation.compilation.rules;
  const [removal, addition] = [diffRemovals(snapshot.hosts, hosts), diffRemovals(hosts, snapshot.hosts)];
  for (const { line } of addition.routes) print(`+ ${line}`);
  for (const { line } of removal.routes) print(`- ${line}`);
  for (const name of [...findChangedIngresses(snapshot.hosts, hosts)].toSorted()) print(`~ Ingress ${name}`);
  const { blockedReason } = checkRemoval(removal, countHostRoutes(snapshot.hosts), dependencies.limits, undefined);
  if (blockedReason !== undefined) print(`would be held back: ${blockedReason}`);
  print(
    `would publish ${hosts.length} hosts with ${countHostRoutes(hosts)} routes: ${addition.routes.length} more, ` +
      `${removal.routes.length} fewer; generation ${snapshot.manifest?.generation ?? 0} is in force`,
  );
  return blockedReason !== undefined;
}
