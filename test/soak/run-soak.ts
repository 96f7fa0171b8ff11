import { readGeneration } from "../../sync/local/wait-for-generation.ts";
import { waitFor } from "../support/wait-for.ts";
import type { ActionContext } from "./actions/action.ts";
import { type Cluster, createCluster } from "./actions/cluster.ts";
import { changeCluster } from "./actions/publications.ts";
import { createActionLog } from "./check/action-log.ts";
import { createChecker } from "./check/checker.ts";
import { createLedger } from "./check/ledger.ts";
import type { PublishedGeneration } from "./check/published.ts";
import { createSoakClient } from "./load/client.ts";
import { type Load, type LoadContext, runLoad } from "./load/load.ts";
import { createRequestTurn, sendRefused } from "./load/requests.ts";
import { createRandom } from "./random.ts";
import { buildSoakReport, formatProgress, type SoakReport } from "./report.ts";
import { type SoakWorld, startSoakWorld } from "./world/world.ts";

const LOADS: Readonly<Record<string, Load>> = {
  http: { clients: 4, pauseMs: 20, turn: createRequestTurn("http") },
  https: { clients: 3, pauseMs: 20, turn: createRequestTurn("https") },
  guard: { clients: 2, pauseMs: 30, turn: sendRefused },
};
const ACTIONS = [changeCluster];

const PROGRESS_INTERVAL_MS = 10_000;
const CONVERGENCE_LIMIT_MS = 60_000;
const LINE_LIMIT_MS = 10_000;

/** Runs load and actions for some minutes, and resolves with the report. */
export async function runSoak(minutes: number, seed: number): Promise<SoakReport> {
  const log = createActionLog(Date.now());
  const ledger = createLedger();
  const cluster = createCluster();
  const random = createRandom(seed);
  const world = await startSoakWorld({
    prepare: cluster.start,
    log: (line, isolate) => checker.readLine(line, isolate),
    onGeneration: (generation) => log.record(...describeGeneration(generation)),
  });
  const checker = createChecker(world.published, ledger);
  const client = createSoakClient(world.edges);
  const problems: string[] = [];
  try {
    await waitUntilServed(world, cluster);
    const runMs = minutes * 60_000;
    const signal = AbortSignal.timeout(runMs);
    const stopProgress = startProgress(() => formatProgress(Math.round(process.uptime()), ledger, log.counts()));
    const loads = Object.entries(LOADS).map(([name, load]) =>
      runLoad(load, { client, checker, random: random.fork(name) } satisfies LoadContext, signal),
    );
    const context: ActionContext = { world, cluster, checker, log, random: random.fork("actions"), runMs, signal };
    await Promise.all([...loads, ...ACTIONS.map((action) => action(context))]);
    await waitUntilServed(world, cluster).catch((error: Error) =>
      problems.push(`the edge does not serve the last version: ${error.message}`, ...world.jobs.lastLines()),
    );
    await waitFor(() => checker.waitingForLine === 0, LINE_LIMIT_MS).catch(() => checker.failWithoutLine());
    stopProgress();
  } finally {
    client.close();
    await world.close();
  }
  for (const generation of world.published.reusedGenerations)
    problems.push(`generation ${generation} was published with two contents`);
  return buildSoakReport({ seed, minutes, problems }, ledger, log);
}

/** Names a publication by its author, and by its roll-out. */
function describeGeneration({ manifest, candidate }: PublishedGeneration): [kind: string, detail: string] {
  const stage = candidate ? ` candidate ${candidate.share} %` : "";
  return [
    `publication by ${manifest.author.command ?? "unknown"}${candidate ? " (staged)" : ""}`,
    `${manifest.generation}${stage}`,
  ];
}

/** Resolves when the published rules are those of the cluster, and the edge serves them. */
async function waitUntilServed({ published, edges }: SoakWorld, { findDifference }: Cluster): Promise<void> {
  const isServed = async () => {
    const latest = published.latest();
    if (!latest || latest.candidate || findDifference((await latest.sides).active) !== undefined) return false;
    return (await readGeneration(edges.http)) >= latest.manifest.generation;
  };
  await waitFor(isServed, CONVERGENCE_LIMIT_MS, 50);
}

function startProgress(format: () => string): () => void {
  const timer = setInterval(() => console.log(format()), PROGRESS_INTERVAL_MS);
  return () => clearInterval(timer);
}
