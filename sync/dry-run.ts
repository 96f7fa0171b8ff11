import { beforeOf, type CompiledCluster, compileCluster, type Knowledge, readKnowledge } from "./cluster-round.ts";
import { lineOf, reasons } from "./compile/diagnostic.ts";
import { equip, type Place, pause, type SyncOptions } from "./equip.ts";
import type { Job } from "./job.ts";
import { changedIngresses } from "./publish/changed.ts";
import { judge, removalOf, routesIn } from "./publish/deletion-guard.ts";

const LISTS_MS = 60_000;
const LOOK_MS = 50;

/** Whoever only looks leads nothing, and may write nothing. */
const ONLY_LOOKING = {
  standing: () => ({ type: "standing by", holder: undefined }) as const,
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
  place: Place,
  print: (line: string) => void,
  ended: AbortSignal,
): Promise<number> {
  const over = new AbortController();
  try {
    const job = await equip(options, place, ONLY_LOOKING, { changed: () => {}, outgrown: () => {} }, over.signal);
    const knowledge = await readKnowledge(job);
    const compiled = await compiledOnce(job, knowledge, ended);
    if (!compiled) throw new Error("the first lists are not in");
    const { diagnostics } = compiled.kept.compiled;
    for (const diagnostic of diagnostics) print(lineOf(diagnostic));
    const isHeld = printChanges(job, compiled, knowledge, print);
    return isHeld || diagnostics.some(({ reason }) => reasons[reason].severity === "error") ? 1 : 0;
  } finally {
    over.abort();
  }
}

async function compiledOnce(job: Job, { ledger }: Knowledge, ended: AbortSignal): Promise<CompiledCluster | undefined> {
  for (const began = performance.now(); performance.now() - began < LISTS_MS && !ended.aborted; ) {
    const written = job.permits.now();
    if (written?.problem !== undefined) throw new Error(`the permits cannot be read: ${written.problem}`);
    const compiled = written?.permits && (await compileCluster(job, written.permits, beforeOf(ledger), new Date()));
    if (compiled) return compiled;
    await pause(LOOK_MS, ended);
  }
  return undefined;
}

/** Prints what would be different at the edge; whether the round would be held back. */
function printChanges(
  job: Job,
  { kept }: CompiledCluster,
  { held }: Knowledge,
  print: (line: string) => void,
): boolean {
  const { hosts } = kept.compiled.rules;
  const [removal, addition] = [removalOf(held.hosts, hosts), removalOf(hosts, held.hosts)];
  for (const { line } of addition.routes) print(`+ ${line}`);
  for (const { line } of removal.routes) print(`- ${line}`);
  for (const name of [...changedIngresses(held.hosts, hosts)].toSorted()) print(`~ Ingress ${name}`);
  const { heldBack } = judge(removal, routesIn(held.hosts), job.limits, undefined);
  if (heldBack !== undefined) print(`would be held back: ${heldBack}`);
  print(
    `would publish ${hosts.length} hosts with ${routesIn(hosts)} routes: ${addition.routes.length} more, ` +
      `${removal.routes.length} fewer; generation ${held.manifest?.generation ?? 0} is in force`,
  );
  return heldBack !== undefined;
}
