import { type Environment, loadAccount } from "../../sync/commands/account-from-env.ts";
import { createTrigger } from "../../sync/controller/debounce.ts";
import { type LoopTimings, runLoop } from "../../sync/controller/loop.ts";
import type { SyncResult } from "../../sync/controller/loop-state.ts";
import { type SyncOptions, setUpController } from "../../sync/controller/setup.ts";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { WATCH_TIMES, type WatchTimes } from "../../sync/kubernetes/watch.ts";
import { createIdentity, joinElection } from "../../sync/leader-election/leader-election.ts";
import { createLogger } from "../../sync/report/log.ts";
import { createMetrics } from "../../sync/report/metrics.ts";
import { sleep } from "../../sync/runtime/sleep.ts";
import type { ApiServer } from "./api-server.ts";
import { waitFor } from "./wait-for.ts";

/** Where the Lease and the ConfigMaps of sync jobs lie. */
export const NAMESPACE = "edgress";
const REQUEST_TIMEOUT_MS = 1000;

/** A sync job in this process, as `edgress sync` runs it, with short times. */
export interface SyncJob {
  /** As whom it stands for leader. */
  readonly identity: string;
  isLeader(): boolean;
  /** What it has logged, a line of JSON each. */
  readonly lines: readonly string[];
  /** What its rounds came to, in order. */
  readonly results: readonly SyncResult[];
  /** What one of its metrics is now; undefined: there is none. */
  metric(name: string): Promise<number | undefined>;
  /** All of its metrics. */
  exposition(): Promise<string>;
  /** What it is told by the API server no longer being what it was. */
  readonly restartReasons: readonly string[];
  /** Whether it has logged a line that `pattern` matches. */
  hasLogged(pattern: RegExp): boolean;
  /** Lets a round begin now; what it came to. */
  sync(): Promise<SyncResult>;
  /** Ends it as SIGTERM does: the round in hand is finished, and the Lease given back. */
  stop(): Promise<void>;
  /** Ends it as SIGKILL does: nothing more is written, nothing given back. */
  kill(): void;
}

export interface SyncJobOptions extends Partial<SyncOptions> {
  /** In place of the stage's. */
  readonly environment?: Environment;
  readonly leaseName?: string;
  readonly times?: Partial<LoopTimings>;
  readonly watchTimes?: WatchTimes;
  /** For how long it waits for an answer of the API server, in ms. */
  readonly requestTimeoutMs?: number;
}

const TIMES: LoopTimings = { quietMs: 10, maxMs: 100, resyncMs: 60_000 };

const OPTIONS: SyncOptions = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  watchNamespace: [],
  ingressSelector: "",
  permits: { type: "none" },
  allowMassDeletion: false,
  maxRemovedHosts: 10,
  publishStatusAddress: ["edge.example.com"],
  takeOwnership: false,
};

/** Starts a sync job between an API server and the account of `environment`. Rejects where it cannot begin. */
export async function startSyncJob(
  server: ApiServer,
  environment: Environment,
  {
    leaseName = "edgress",
    times,
    watchTimes = WATCH_TIMES,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    ...options
  }: SyncJobOptions = {},
): Promise<SyncJob> {
  const account = loadAccount(environment); // before anything goes on by itself
  const api = createKubernetesClient(createConnections(server), requestTimeoutMs, watchTimes);
  const { lines, results, restartReasons } = {
    lines: [] as string[],
    results: [] as SyncResult[],
    restartReasons: [] as string[],
  };
  const { CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_ENCRYPTION_KEY } = environment;
  const secrets = [CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_ENCRYPTION_KEY];
  const log = createLogger({ level: "debug", secrets }, { write: (line) => lines.push(line) });
  const metrics = createMetrics();
  const [killController, stopController] = [new AbortController(), new AbortController()];
  const trigger = createTrigger(() => performance.now(), sleep);
  const identity = createIdentity("sync-job");
  const lease = { namespace: NAMESPACE, name: leaseName, identity, log: (line: string) => log.warn(line) };
  const leadership = joinElection(api, lease, killController.signal);
  const watchLeadership = async () => {
    for await (const _ of leadership.statusChanges()) trigger.fire("immediate");
  };
  void watchLeadership();
  const context = { api, namespace: NAMESPACE, instance: identity, log, metrics, account };
  const listener = {
    onChange: () => trigger.fire(),
    onResourceRemoved: (problem: string) => restartReasons.push(problem),
  };
  const job = await setUpController(
    { ...OPTIONS, ...options },
    context,
    leadership,
    listener,
    killController.signal,
  ).catch(async (error) => {
    await leadership.release();
    killController.abort();
    throw error;
  });
  let startedSyncs = 0;
  const progress = {
    onSyncStart: () => startedSyncs++,
    onSyncEnd: ({ result }: { result: SyncResult }) => results.push(result),
  };
  const running = runLoop(job, trigger, { ...TIMES, ...times }, progress, stopController.signal);
  return {
    identity,
    isLeader: () => leadership.isLeader(),
    lines,
    results,
    exposition: async () => (await metrics.render()).text,
    async metric(name) {
      const { text } = await metrics.render();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
    restartReasons,
    hasLogged: (pattern) => lines.some((line) => pattern.test(line)),
    async sync() {
      const index = startedSyncs;
      trigger.fire("immediate");
      return await waitFor(() => results[index], 20_000);
    },
    async stop() {
      stopController.abort();
      await running;
      await leadership.release();
      killController.abort();
    },
    kill() {
      killController.abort();
      stopController.abort();
    },
  };
}

export function createConnections(server: ApiServer): Connections {
  const connections = new Connections();
  connections.loadFromOptions(server.kubeconfig);
  return connections;
}
