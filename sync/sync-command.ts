import { accountOf, type Environment } from "./account.ts";
import { dryRun } from "./dry-run.ts";
import { equip, type Listener, type Place, pause, type SyncOptions } from "./equip.ts";
import { alarmOf } from "./hold-off.ts";
import type { Job, State } from "./job.ts";
import { clusterApi } from "./kubernetes/cluster-api.ts";
import { identityOf, type Leadership, lead } from "./lead/lead.ts";
import { loop } from "./loop.ts";
import { once } from "./once.ts";
import { startEndpoints } from "./report/endpoints.ts";
import { healthOf, readinessOf, type Standing } from "./report/health.ts";
import { type LogLevel, logOf } from "./report/log.ts";
import { startMetrics } from "./report/metrics.ts";

const LONGEST_ROUND_MS = 600_000;
const START_PAUSE_MS = 5000;

export interface SyncCommandOptions extends SyncOptions {
  readonly namespace: string | undefined;
  readonly leaseName: string;
  readonly holdOff: number; // seconds
  readonly holdOffMost: number; // seconds
  readonly resync: number; // seconds
  readonly staleAfter: number; // seconds
  readonly healthPort: number;
  readonly once: boolean;
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
}

/**
 * Keeps an edge in step with a cluster until `ended`, or for one round. Resolves with the exit code: 1 where a single round
 * did not publish everything, or where the process must begin anew.
 */
export async function syncCommand(
  options: SyncCommandOptions,
  environment: Environment,
  print: (line: string) => void,
  ended: AbortSignal,
): Promise<number> {
  const { CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_SEALING_PUBLIC_KEY, POD_NAME } = environment;
  const secrets = [CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_SEALING_PUBLIC_KEY];
  const log = logOf({ level: options.logLevel, secrets });
  const identity = identityOf(POD_NAME);
  const { api, namespace } = clusterApi(options.namespace);
  const account = accountOf(environment);
  await account.sealer.expectKey(); // or one Ingress with an auth-secret would fail every round
  const place: Place = { api, namespace, instance: POD_NAME ?? identity, log, metrics: startMetrics(), account };
  if (options.dryRun) return dryRun(options, place, print, ended);
  if (options.once) return once(options, place, { name: options.leaseName, identity }, ended);
  return keepInStep(options, place, identity, ended);
}

async function keepInStep(
  options: SyncCommandOptions,
  place: Place,
  identity: string,
  ended: AbortSignal,
): Promise<number> {
  const { api, namespace, log, metrics } = place;
  const [over, stop] = [new AbortController(), new AbortController()];
  const stopping = AbortSignal.any([ended, stop.signal]);
  const alarm = alarmOf(() => performance.now(), pause);
  const listener: Listener = {
    changed: () => alarm.ring(),
    outgrown(problem) {
      log.error(`begins anew: ${problem}`);
      stop.abort();
    },
  };
  const standing = standingOf(options.resync * 1000);
  const limits = { longestRoundMs: LONGEST_ROUND_MS, staleAfterMs: options.staleAfter * 1000 };
  const shown = () => ({
    ...standing.now(),
    stopping: stopping.aborted,
    leading: leadership.standing().type === "leading",
  });
  const leaseOptions = { namespace, name: options.leaseName, identity, log: (line: string) => log.warn(line) };
  const leadership = lead(api, leaseOptions, over.signal);
  const endpoints = await startEndpoints({
    port: options.healthPort,
    reach: "everywhere",
    health: () => healthOf(shown(), limits, performance.now()),
    readiness: () => readinessOf(shown(), limits, performance.now()),
    metrics,
  }).catch(async (error) => {
    await leadership.release();
    throw error;
  });
  log.info({ port: endpoints.port }, `serves probes and metrics on port ${endpoints.port}`);
  try {
    void followLeadership(leadership, place, () => alarm.ring("urgent"));
    const job = await equipped(options, place, leadership, listener, over.signal, stopping);
    if (job) {
      const times = {
        quietMs: options.holdOff * 1000,
        mostMs: options.holdOffMost * 1000,
        restMs: options.resync * 1000,
      };
      await loop(job, alarm, times, standing, stopping);
    }
    return stop.signal.aborted ? 1 : 0;
  } finally {
    await leadership.release();
    over.abort();
    await endpoints.close();
    log.info("stopped");
  }
}

/** Tries until the API server answers: the edge goes on as it is while it does not. Undefined where it is ended first. */
async function equipped(
  options: SyncCommandOptions,
  place: Place,
  leadership: Leadership,
  listener: Listener,
  over: AbortSignal,
  stopping: AbortSignal,
): Promise<Job | undefined> {
  while (!stopping.aborted) {
    try {
      return await equip(options, place, leadership, listener, over);
    } catch (error) {
      place.log.error(`cannot begin: ${error instanceof Error ? error.message : String(error)}; tries again`);
      await pause(START_PAUSE_MS, stopping);
    }
  }
  return undefined;
}

async function followLeadership(leadership: Leadership, { log, metrics }: Place, changed: () => void): Promise<void> {
  for await (const standing of leadership.standings()) {
    metrics.leading(standing.type === "leading");
    if (standing.type === "leading") log.info({ term: standing.term }, `leads, as ${leadership.identity}`);
    else log.info({ holder: standing.holder }, `stands by; ${standing.holder ?? "nobody"} leads`);
    changed();
  }
}

/** Where the loop stands, for the probes. */
function standingOf(restMs: number) {
  let roundSince: number | undefined;
  let roundDue: number | undefined;
  let lastSuccess: number | undefined;
  let collected = false;
  return {
    began() {
      roundSince = performance.now();
    },
    ended({ result }: State) {
      roundSince = undefined;
      roundDue = performance.now() + restMs;
      if (result.type !== "none" && result.type !== "failed") collected = true;
      if (result.type === "done" && result.done.outcome !== "held") lastSuccess = performance.now();
    },
    now: (): Omit<Standing, "stopping" | "leading"> => ({ collected, roundSince, roundDue, lastSuccess }),
  };
}
