import { readGeneration } from "../../sync/local/wait-for-generation.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Cluster, createCluster } from "./actions/cluster.ts";
import { breakKv } from "./actions/kv-faults.ts";
import { untilPublished } from "./actions/operator.ts";
import { changeCluster } from "./actions/publications.ts";
import { reloadWorker } from "./actions/reloads.ts";
import { restartJobs } from "./actions/restarts.ts";
import { rollBackAndResume } from "./actions/rollbacks.ts";
import { rollOutInStages } from "./actions/rollouts.ts";
import { createActionLog } from "./check/action-log.ts";
import { createChecker } from "./check/checker.ts";
import { createLedger } from "./check/ledger.ts";
import type { PublishedGeneration } from "./check/published.ts";
import { createSoakClient } from "./load/client.ts";
import { type Load, runLoad } from "./load/load.ts";
import { createRequestTurn, sendRefused } from "./load/requests.ts";
import { exchangeMessages } from "./load/sockets.ts";
import { readDownload, readEvents, sendUpload } from "./load/streams.ts";
import { createLock } from "./lock.ts";
import { createRandom } from "./random.ts";
import { buildSoakReport, formatProgress, type SoakReport, writeJobLog } from "./report.ts";
import { type SoakWorld, startSoakWorld } from "./world/world.ts";

const LOADS: Readonly<Record<string, Load>> = {
  http: { clients: 4, pauseMs: 60, turn: createRequestTurn("http") },
  https: { clients: 3, pauseMs: 60, turn: createRequestTurn("https") },
  WebSocket: { clients: 2, pauseMs: 50, turn: exchangeMessages },
  SSE: { clients: 2, pauseMs: 50, turn: readEvents },
  upload: { clients: 1, pauseMs: 200, turn: sendUpload },
  download: { clients: 1, pauseMs: 200, turn: readDownload },
  guard: { clients: 2, pauseMs: 60, turn: sendRefused },
};
const ACTIONS = [changeCluster, rollBackAndResume, rollOutInStages, reloadWorker, restartJobs, breakKv];

const REQUIRED_ACTIONS = [
  "publication: by sync",
  "publication: by sync (staged)",
  "rollback",
  "Worker reload",
  "sync job restart: leader",
  "KV fault",
];

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
    await untilServed(world, cluster);
    const runMs = minutes * 60_000;
    const signal = AbortSignal.timeout(runMs);
    const stopProgress = startProgress(() => formatProgress(Math.round(process.uptime()), ledger, log.counts()));
    const loadEnd = new AbortController();
    const loads = Object.entries(LOADS).map(([name, load]) =>
      runLoad(load, { client, checker, random: random.fork(name) }, loadEnd.signal),
    );
    const locks = { operator: createLock(), changes: createLock() };
    const context = { world, cluster, checker, log, locks, problems, runMs, signal };
    await Promise.all(ACTIONS.map((action) => action({ ...context, random: random.fork(action.name) })));
    await untilServed(world, cluster).catch((error: Error) =>
      problems.push(`the edge does not serve the last version: ${error.message}`, ...world.jobs.lastLines()),
    );
    loadEnd.abort();
    await Promise.all(loads);
    await waitFor(() => checker.waitingForLine === 0, LINE_LIMIT_MS).catch(() => checker.failWithoutLine());
    stopProgress();
  } finally {
    client.close();
    await world.close();
    await writeJobLog(world.jobs.log);
  }
  for (const generation of world.published.reusedGenerations)
    problems.push(`generation ${generation} was published with two contents`);
  const kinds = Object.keys(log.counts());
  for (const kind of REQUIRED_ACTIONS)
    if (!kinds.some((candidate) => candidate.startsWith(kind)))
      problems.push(`no action of this kind took place: ${kind}`);
  return buildSoakReport({ seed, minutes, problems }, ledger, log);
}

/** Names a publication by its author, and by its roll-out. */
function describeGeneration({ manifest, candidate }: PublishedGeneration): [kind: string, detail: string] {
  const stage = candidate ? ` candidate ${candidate.share} %` : "";
  return [
    `publication: by ${manifest.author.command ?? "unknown"}${candidate ? " (staged)" : ""}`,
    `${manifest.generation}${stage}`,
  ];
}

/** Resolves when the published rules are those of the cluster, and the edge serves them. */
async function untilServed(world: SoakWorld, cluster: Cluster): Promise<void> {
  await untilPublished({ world, cluster });
  const generation = world.published.latest()?.manifest.generation ?? 0;
  await waitFor(async () => (await readGeneration(world.edges.http)) >= generation, CONVERGENCE_LIMIT_MS, 50);
}

function startProgress(format: () => string): () => void {
  const timer = setInterval(() => console.log(format()), PROGRESS_INTERVAL_MS);
  return () => clearInterval(timer);
}
