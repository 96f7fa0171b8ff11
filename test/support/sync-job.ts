import { accountOf, type Environment } from "../../sync/account.ts";
import { equip, pause, type SyncOptions } from "../../sync/equip.ts";
import { alarmOf } from "../../sync/hold-off.ts";
import type { Result } from "../../sync/job.ts";
import { apiOf } from "../../sync/kubernetes/api.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { WATCH_TIMES, type WatchTimes } from "../../sync/kubernetes/watch.ts";
import { identityOf, lead } from "../../sync/lead/lead.ts";
import { loop, type Times } from "../../sync/loop.ts";
import { logOf } from "../../sync/report/log.ts";
import { startMetrics } from "../../sync/report/metrics.ts";
import type { ApiServer } from "./api-server.ts";
import { until } from "./edge.ts";

/** Where the Lease and the ConfigMaps of sync jobs lie. */
export const NAMESPACE = "edgress";
const REQUEST_MS = 1000;

/** A sync job in this process, as `edgress sync` runs it, with short times. */
export interface SyncJob {
  /** As whom it stands for leader. */
  readonly identity: string;
  leads(): boolean;
  /** What it has logged, a line of JSON each. */
  readonly lines: readonly string[];
  /** What its rounds came to, in order. */
  readonly results: readonly Result[];
  /** What one of its metrics is now; undefined: there is none. */
  metric(name: string): Promise<number | undefined>;
  /** All of its metrics. */
  exposition(): Promise<string>;
  /** What it is told by the API server no longer being what it was. */
  readonly outgrown: readonly string[];
  /** Whether it has logged a line that `pattern` matches. */
  says(pattern: RegExp): boolean;
  /** Lets a round begin now; what it came to. */
  round(): Promise<Result>;
  /** Ends it as SIGTERM does: the round in hand is finished, and the Lease given back. */
  stop(): Promise<void>;
  /** Ends it as SIGKILL does: nothing more is written, nothing given back. */
  kill(): void;
}

export interface SyncJobOptions extends Partial<SyncOptions> {
  /** In place of the stage's. */
  readonly environment?: Environment;
  readonly leaseName?: string;
  readonly times?: Partial<Times>;
  readonly watchTimes?: WatchTimes;
  /** For how long it waits for an answer of the API server, in ms. */
  readonly requestMs?: number;
}

const TIMES: Times = { quietMs: 10, mostMs: 100, restMs: 60_000 };

const OPTIONS: SyncOptions = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  watchNamespace: [],
  selector: "",
  policy: { type: "none" },
  allowMassDeletion: false,
  mostHostsRemoved: 10,
  publishStatusAddress: ["edge.example.com"],
  takeOver: false,
};

/** Starts a sync job between an API server and the account of `environment`. Rejects where it cannot begin. */
export async function startSyncJob(
  server: ApiServer,
  environment: Environment,
  { leaseName = "edgress", times, watchTimes = WATCH_TIMES, requestMs = REQUEST_MS, ...options }: SyncJobOptions = {},
): Promise<SyncJob> {
  const account = accountOf(environment); // before anything goes on by itself
  const api = apiOf(connectionsTo(server), requestMs, watchTimes);
  const { lines, results, outgrown } = { lines: [] as string[], results: [] as Result[], outgrown: [] as string[] };
  const { CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_SEALING_PUBLIC_KEY } = environment;
  const secrets = [CLOUDFLARE_API_TOKEN, EDGRESS_SIGNING_KEY, EDGRESS_SEALING_PUBLIC_KEY];
  const log = logOf({ level: "debug", secrets }, { write: (line) => lines.push(line) });
  const metrics = startMetrics();
  const [over, stopping] = [new AbortController(), new AbortController()];
  const alarm = alarmOf(() => performance.now(), pause);
  const identity = identityOf("sync-job");
  const lease = { namespace: NAMESPACE, name: leaseName, identity, log: (line: string) => log.warn(line) };
  const leadership = lead(api, lease, over.signal);
  const follow = async () => {
    for await (const _ of leadership.standings()) alarm.ring("urgent");
  };
  void follow();
  const place = { api, namespace: NAMESPACE, instance: identity, log, metrics, account };
  const listener = { changed: () => alarm.ring(), outgrown: (problem: string) => outgrown.push(problem) };
  const job = await equip({ ...OPTIONS, ...options }, place, leadership, listener, over.signal).catch(async (error) => {
    await leadership.release();
    over.abort();
    throw error;
  });
  let begun = 0;
  const progress = { began: () => begun++, ended: ({ result }: { result: Result }) => results.push(result) };
  const running = loop(job, alarm, { ...TIMES, ...times }, progress, stopping.signal);
  return {
    identity,
    leads: () => leadership.holds(),
    lines,
    results,
    exposition: async () => (await metrics.exposition()).text,
    async metric(name) {
      const { text } = await metrics.exposition();
      const line = text.split("\n").find((one) => one.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
    outgrown,
    says: (pattern) => lines.some((line) => pattern.test(line)),
    async round() {
      const next = begun;
      alarm.ring("urgent");
      return await until(() => results[next], 20_000);
    },
    async stop() {
      stopping.abort();
      await running;
      await leadership.release();
      over.abort();
    },
    kill() {
      over.abort();
      stopping.abort();
    },
  };
}

export function connectionsTo(server: ApiServer): Connections {
  const connections = new Connections();
  connections.loadFromOptions(server.kubeconfig);
  return connections;
}
