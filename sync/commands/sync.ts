import { errorMessage } from "../../src/rules/error-message.ts";
import { createTrigger } from "../controller/debounce.ts";
import { dryRun } from "../controller/dry-run.ts";
import { runLoop } from "../controller/loop.ts";
import type { ControllerDependencies, LoopState } from "../controller/loop-state.ts";
import { runOnce } from "../controller/run-once.ts";
import {
  type ControllerContext,
  type ControllerListener,
  type SyncOptions,
  setUpController,
} from "../controller/setup.ts";
import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { createIdentity, joinElection, type Leadership } from "../leader-election/leader-election.ts";
import { type ControllerHealth, checkHealth, checkReadiness } from "../report/health.ts";
import { startHttpServer } from "../report/http-server.ts";
import { createLogger, type LogLevel } from "../report/log.ts";
import { createMetrics } from "../report/metrics.ts";
import { sleep } from "../runtime/sleep.ts";
import { type Environment, loadAccount } from "./account-from-env.ts";

const MAX_SYNC_MS = 600_000;
const SETUP_RETRY_MS = 5000;

export interface SyncCommandOptions extends SyncOptions {
  readonly namespace: string | undefined;
  readonly leaseName: string;
  readonly debounce: number; // seconds
  readonly debounceMax: number; // seconds
  readonly resyncInterval: number; // seconds
  readonly readinessTimeout: number; // seconds
  readonly healthPort: number;
  readonly once: boolean;
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
}

/**
 * Keeps an edge in step with a cluster until `ended`, or for one round. Resolves with the exit code: 1 where a single round
 * did not publish everything, or where the process must begin anew.
 */
export async function runSync(
  options: SyncCommandOptions,
  environment: Environment,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_ENCRYPTION_KEY, POD_NAME } = environment;
  const secrets = [CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_ENCRYPTION_KEY];
  const log = createLogger({ level: options.logLevel, secrets });
  const identity = createIdentity(POD_NAME);
  const { api, namespace } = loadKubernetesClient(options.namespace);
  const account = loadAccount(environment);
  await account.encryptor.assertKey(); // or one Ingress with an auth-secret would fail every round
  const context: ControllerContext = {
    api,
    namespace,
    instance: POD_NAME ?? identity,
    log,
    metrics: createMetrics(),
    account,
  };
  if (options.dryRun) return dryRun(options, context, print, signal);
  if (options.once) return runOnce(options, context, { name: options.leaseName, identity }, signal);
  return runController(options, context, identity, signal);
}

async function runController(
  options: SyncCommandOptions,
  context: ControllerContext,
  identity: string,
  signal: AbortSignal,
): Promise<number> {
  const { api, namespace, log, metrics } = context;
  const [lifetime, restart] = [new AbortController(), new AbortController()];
  const stopSignal = AbortSignal.any([signal, restart.signal]);
  const trigger = createTrigger(() => performance.now(), sleep);
  const listener: ControllerListener = {
    onChange: () => trigger.fire(),
    onResourceRemoved(problem) {
      log.error(`restarting: ${problem}`);
      restart.abort();
    },
  };
  const healthTracker = trackHealth(options.resyncInterval * 1000);
  const limits = { maxSyncMs: MAX_SYNC_MS, readinessTimeoutMs: options.readinessTimeout * 1000 };
  const readHealth = () => ({
    ...healthTracker.read(),
    isStopping: stopSignal.aborted,
    isLeader: leadership.status().type === "leader",
  });
  const leaseOptions = { namespace, name: options.leaseName, identity, log: (line: string) => log.warn(line) };
  const leadership = joinElection(api, leaseOptions, lifetime.signal);
  const endpoints = await startHttpServer({
    port: options.healthPort,
    scope: "all-interfaces",
    checkHealth: () => checkHealth(readHealth(), limits, performance.now()),
    checkReadiness: () => checkReadiness(readHealth(), limits, performance.now()),
    metrics,
  }).catch(async (error) => {
    await leadership.release();
    throw error;
  });
  log.info({ port: endpoints.port }, `serves probes and metrics on port ${endpoints.port}`);
  try {
    void followLeadership(leadership, context, () => trigger.fire("immediate"));
    const dependencies = await setUpWithRetry(options, context, leadership, listener, lifetime.signal, stopSignal);
    if (dependencies) {
      const timings = {
        quietMs: options.debounce * 1000,
        maxMs: options.debounceMax * 1000,
        resyncMs: options.resyncInterval * 1000,
      };
      await runLoop(dependencies, trigger, timings, healthTracker, stopSignal);
    }
    return restart.signal.aborted ? 1 : 0;
  } finally {
    await leadership.release();
    lifetime.abort();
    await endpoints.close();
    log.info("stopped");
  }
}

/** Tries until the API server answers: the edge goes on as it is while it does not. Undefined where it is ended first. */
async function setUpWithRetry(
  options: SyncCommandOptions,
  context: ControllerContext,
  leadership: Leadership,
  listener: ControllerListener,
  lifetime: AbortSignal,
  stopSignal: AbortSignal,
): Promise<ControllerDependencies | undefined> {
  while (!stopSignal.aborted) {
    try {
      return await setUpController(options, context, leadership, listener, lifetime);
    } catch (error) {
      context.log.error(`cannot begin: ${errorMessage(error)}; tries again`);
      await sleep(SETUP_RETRY_MS, stopSignal);
    }
  }
  return undefined;
}

async function followLeadership(
  leadership: Leadership,
  { log, metrics }: ControllerContext,
  onChange: () => void,
): Promise<void> {
  for await (const leadershipStatus of leadership.statusChanges()) {
    metrics.setLeader(leadershipStatus.type === "leader");
    if (leadershipStatus.type === "leader")
      log.info({ term: leadershipStatus.term }, `became leader identity=${leadership.identity}`);
    else log.info({ holder: leadershipStatus.holder }, `standby (leader=${leadershipStatus.holder ?? "none"})`);
    onChange();
  }
}

/** Where the loop stands, for the probes. */
function trackHealth(resyncMs: number) {
  let syncStartedAt: number | undefined;
  let syncDueAt: number | undefined;
  let lastSuccessAt: number | undefined;
  let hasFirstLists = false;
  return {
    onSyncStart() {
      syncStartedAt = performance.now();
    },
    onSyncEnd({ result }: LoopState) {
      syncStartedAt = undefined;
      syncDueAt = performance.now() + resyncMs;
      if (result.type !== "not-ready" && result.type !== "failed") hasFirstLists = true;
      if (result.type === "completed" && result.outcome.type !== "blocked") lastSuccessAt = performance.now();
    },
    read: (): Omit<ControllerHealth, "isStopping" | "isLeader"> => ({
      hasFirstLists,
      syncStartedAt,
      syncDueAt,
      lastSuccessAt,
    }),
  };
}
