import { listSecrets, loadAccount } from "../../../sync/commands/account-from-env.ts";
import type { Environment } from "../../../sync/commands/help/environment-variables.ts";
import { createTrigger, type Trigger } from "../../../sync/controller/debounce.ts";
import type { LoopTimings } from "../../../sync/controller/loop.ts";
import type { SyncResult } from "../../../sync/controller/loop-state.ts";
import { type ControllerContext, type SyncOptions, setUpController } from "../../../sync/controller/setup.ts";
import type { EdgeClient } from "../../../sync/edge/edge-client.ts";
import { createKubernetesClient } from "../../../sync/kubernetes/client.ts";
import { WATCH_TIMES, type WatchTimes } from "../../../sync/kubernetes/watch.ts";
import { systemClock } from "../../../sync/leader-election/clock.ts";
import { createIdentity, joinElection, type Leadership } from "../../../sync/leader-election/leader-election.ts";
import type { Rollouts } from "../../../sync/publish/rollout/publish-in-stages.ts";
import { createLogger, type Logger } from "../../../sync/report/log.ts";
import { createMetrics, type Metrics } from "../../../sync/report/metrics.ts";
import { createConnections } from "../api-server/client.ts";
import type { ApiServer } from "../api-server.ts";
import { waitFor } from "../wait-for.ts";
import { createFastClock } from "./fast-clock.ts";
import { type RunningLoop, startLoop } from "./running-loop.ts";

/** Namespace of the Lease and of the controller's ConfigMaps. */
export const NAMESPACE = "edgress";
const REQUEST_TIMEOUT_MS = 10_000;
const WAIT_LIMIT_MS = 20_000;
/** Back-off after failed syncs and watches is 10 times shorter than in production. */
const BACK_OFF_SPEED = 10;
const ACCOUNT_PACE = { timings: { maxRetryDelayMs: 50 }, writeIntervalMs: 20 };

/** A controller in this process, as `edgress sync` runs it, with short times. */
export interface Controller {
  /** Its name in the leader election. */
  readonly identity: string;
  isLeader(): boolean;
  /** Log lines so far, as JSON. */
  readonly lines: readonly string[];
  /** Results of its syncs, oldest first. */
  readonly results: readonly SyncResult[];
  /** Returns the value of a metric without labels. Undefined if the metric does not exist. */
  metric(name: string): Promise<number | undefined>;
  exposition(): Promise<string>;
  /** Returns whether a log line matches. */
  hasLogged(pattern: RegExp): boolean;
  /** Resolves when a log line matches. */
  waitForLog(pattern: RegExp): Promise<void>;
  /** Resolves when a sync has ended with this result. */
  waitForResult(type: SyncResult["type"]): Promise<void>;
  /** Starts a sync now, and resolves with its result. */
  sync(): Promise<SyncResult>;
  /** Ends it like SIGTERM: the current sync is completed, and the Lease is released. */
  stop(): Promise<void>;
  /** Ends it like SIGKILL: nothing more is written or released. */
  kill(): void;
}

export interface ControllerOptions extends Partial<SyncOptions> {
  /** Replaces the environment of the harness. */
  readonly environment?: Environment;
  /** The Worker that the controller observes. */
  readonly edge?: EdgeClient;
  readonly rollouts?: Rollouts;
  readonly leaseName?: string;
  readonly times?: Partial<LoopTimings>;
  readonly watchTimes?: WatchTimes;
  readonly requestTimeoutMs?: number; // of a request to the API server
  /** How many times as fast the Lease's times pass. */
  readonly leaseSpeed?: number;
  readonly healthChecks?: ControllerContext["healthChecks"];
  readonly stateDelayMs?: number; // by default the state is written with each publication
}

/** Timeouts for tests in which the API server does not answer. */
export const SHORT_TIMEOUTS: ControllerOptions = {
  requestTimeoutMs: 2000,
  watchTimes: { durationSeconds: 2, idleTimeoutMs: 3000 },
};

const TIMES: LoopTimings = { quietMs: 10, maxMs: 100, resyncMs: 60_000 };

const OPTIONS: SyncOptions = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  watchNamespace: [],
  ingressSelector: "",
  permits: { type: "none" },
  allowMassDeletion: false,
  maxRemovedHosts: 10,
  publishStatusAddress: ["edge.example.com"],
  takeOwnership: false,
};

/** Starts a controller between an API server and the account of `environment`. Rejects if its set-up fails. */
export async function startController(
  server: ApiServer,
  environment: Environment,
  {
    leaseName = "edgress",
    leaseSpeed = 1,
    edge,
    rollouts,
    times,
    watchTimes,
    requestTimeoutMs,
    stateDelayMs = 0,
    healthChecks,
    ...options
  }: ControllerOptions = {},
): Promise<Controller> {
  const account = loadAccount(environment, [], ACCOUNT_PACE); // throws before anything runs
  const api = createKubernetesClient(
    createConnections(server),
    requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    watchTimes ?? WATCH_TIMES,
  );
  const lines: string[] = [];
  const log = createControllerLog(environment, lines);
  const metrics = createMetrics();
  const killController = new AbortController();
  const { signal } = killController;
  const clock = createFastClock(BACK_OFF_SPEED);
  const trigger = createTrigger(clock.now, clock.sleep);
  const identity = createIdentity("controller");
  const leaseClock = leaseSpeed === 1 ? systemClock : createFastClock(leaseSpeed);
  const lease = { namespace: NAMESPACE, name: leaseName, identity, log: (line: string) => log.warn(line) };
  const leadership = joinElection(api, { ...lease, clock: leaseClock }, signal);
  void fireOnStatusChange(leadership, trigger);
  const author = { command: "sync", pod: identity };
  const clients = { api, log, metrics, account, edge, rollouts, healthChecks };
  const context = { ...clients, namespace: NAMESPACE, instance: identity, author, sleep: clock.sleep, stateDelayMs };
  const listener = { onChange: () => trigger.fire(), onWatchProblem: () => {}, onResourceRemoved: () => {} };
  const setUp = setUpController({ ...OPTIONS, ...options }, context, leadership, listener, signal);
  const dependencies = await setUp.catch(async (error) => {
    await leadership.release();
    killController.abort();
    throw error;
  });
  const loop = startLoop(dependencies, trigger, scaleTimes({ ...TIMES, ...times }, BACK_OFF_SPEED));
  return { identity, lines, ...createReaders(lines, metrics), ...createActions(loop, leadership, killController) };
}

function createControllerLog(environment: Environment, lines: string[]): Logger {
  return createLogger({ level: "debug", secrets: listSecrets(environment) }, { write: (line) => lines.push(line) });
}

async function fireOnStatusChange(leadership: Leadership, trigger: Trigger): Promise<void> {
  for await (const _ of leadership.statusChanges()) trigger.fire("immediate");
}

/** Converts real times to times of the trigger's clock, so that only back-off is shorter. */
function scaleTimes({ quietMs, maxMs, resyncMs }: LoopTimings, speed: number): LoopTimings {
  return { quietMs: quietMs * speed, maxMs: maxMs * speed, resyncMs: resyncMs * speed };
}

function createReaders(
  lines: readonly string[],
  metrics: Metrics,
): Pick<Controller, "metric" | "exposition" | "hasLogged" | "waitForLog"> {
  const hasLogged = (pattern: RegExp) => lines.some((line) => pattern.test(line));
  return {
    exposition: async () => (await metrics.render()).text,
    async metric(name) {
      const { text } = await metrics.render();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
    hasLogged,
    async waitForLog(pattern) {
      await waitFor(() => hasLogged(pattern), WAIT_LIMIT_MS).catch(() => {
        throw new Error(`no log line matches ${pattern}:\n${lines.join("")}`);
      });
    },
  };
}

function createActions(
  loop: RunningLoop,
  leadership: Leadership,
  killController: AbortController,
): Pick<Controller, "results" | "isLeader" | "waitForResult" | "sync" | "stop" | "kill"> {
  return {
    results: loop.results,
    isLeader: () => leadership.isLeader(),
    async waitForResult(type) {
      await waitFor(() => loop.results.some((result) => result.type === type), WAIT_LIMIT_MS);
    },
    sync: loop.sync,
    async stop() {
      loop.abort();
      await loop.end;
      await leadership.release();
      killController.abort();
    },
    kill() {
      killController.abort();
      loop.abort();
    },
  };
}
