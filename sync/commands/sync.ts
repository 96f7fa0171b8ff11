import { dryRun } from "../controller/dry-run.ts";
import { type ControllerSettings, runController } from "../controller/run-controller.ts";
import { runOnce } from "../controller/run-once.ts";
import type { ControllerContext, SyncOptions } from "../controller/setup.ts";
import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { createIdentity } from "../leader-election/leader-election.ts";
import { createLogger, type LogLevel } from "../report/log.ts";
import { createMetrics } from "../report/metrics.ts";
import type { PublicationFormat } from "../runtime/publication-format.ts";
import { listEdgeVariables, listSecrets, loadAccount, loadEdge } from "./account-from-env.ts";
import { checkEdgeKey } from "./checked-base.ts";
import { readEnvironmentFiles } from "./environment-files.ts";
import type { Environment } from "./help/environment-variables.ts";
import { readAuthor } from "./publications/author.ts";
import type { ObservedRun } from "./publications/observed-run.ts";
import { loadRollouts, type RolloutOptions } from "./publications/stage-options.ts";

export interface SyncCommandOptions extends SyncOptions, RolloutOptions {
  readonly namespace: string | undefined;
  readonly leaseName: string;
  readonly debounce: number; // seconds
  readonly debounceMax: number; // seconds
  readonly resyncInterval: number; // seconds
  readonly readinessTimeout: number; // seconds
  readonly healthPort: number;
  readonly once: boolean;
  readonly dryRun: boolean;
  /** Format of the report of a dry run. */
  readonly format: PublicationFormat;
  readonly logLevel: LogLevel;
  /** URL of the Worker, to check its key and generation. */
  readonly edgeUrl?: string | undefined;
}

/**
 * Syncs a cluster to the edge until `signal` is aborted, or once. Resolves with the exit code: 1 if a single sync did not
 * publish everything, or if the process must be restarted.
 */
export async function runSync(
  options: SyncCommandOptions,
  environmentWithFiles: Environment,
  print: (line: string) => void,
  signal: AbortSignal,
  observed?: ObservedRun,
): Promise<number> {
  const environment = readEnvironmentFiles(environmentWithFiles);
  const { POD_NAME } = environment;
  const log = createLogger({ level: options.logLevel, secrets: listSecrets(environment) }, openLogStream(observed));
  const identity = createIdentity(POD_NAME);
  const observe = observed?.observe ?? ((unobserved) => unobserved);
  const account = observe(loadAccount(environment, ["EDGRESS_ENCRYPTION_KEY", ...listEdgeVariables(options.edgeUrl)]));
  const { api, namespace, warning } = loadKubernetesClient(options.namespace);
  if (warning !== undefined) log.warn(warning);
  await account.encryptor.assertKey(); // without a valid key, one Ingress with an auth-secret would fail every sync
  const edge = loadEdge(options.edgeUrl, environment);
  for (const warning of edge ? await checkEdgeKey(edge, account.signer) : []) log.warn(warning);
  const instance = POD_NAME ?? identity;
  const author = readAuthor("sync", environment);
  const rollouts = loadRollouts(options, environment);
  const clients = { api, account, edge, rollouts };
  const context: ControllerContext = { ...clients, namespace, instance, log, metrics: createMetrics(), author };
  const lease = { name: options.leaseName, identity };
  if (options.dryRun) return dryRun(options, context, print, signal);
  if (options.once) return runOnce(options, context, lease, observed ?? { signal });
  return runController(options, context, readSettings(options, lease), signal);
}

/** Returns the stream of the log. Each line removes the progress from the terminal first. */
function openLogStream(observed: ObservedRun | undefined): { write(line: string): void } {
  return {
    write(line) {
      observed?.clear();
      process.stdout.write(line);
    },
  };
}

function readSettings(options: SyncCommandOptions, lease: ControllerSettings["lease"]): ControllerSettings {
  const { debounce, debounceMax, resyncInterval, readinessTimeout, healthPort } = options;
  const timings = { quietMs: debounce * 1000, maxMs: debounceMax * 1000, resyncMs: resyncInterval * 1000 };
  return { lease, timings, readinessTimeoutMs: readinessTimeout * 1000, healthPort };
}
