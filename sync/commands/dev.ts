import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import { assertReadableManifests } from "../collect/manifests.ts";
import { printWorkerLine } from "../dev/access-line.ts";
import type { AccountKeys } from "../dev/account-keys.ts";
import { serveAccount } from "../dev/serve-account.ts";
import { type ManifestSyncOptions, syncManifests } from "../dev/sync-manifests.ts";
import { REHEARSAL_KV_RULES } from "../local/account/kv/kv-rules.ts";
import { type LocalCloudflare, startLocalCloudflare } from "../local/local-cloudflare.ts";
import { generateEncryptionKeys } from "../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../publish/sign-manifest.ts";
import { sleep } from "../runtime/sleep.ts";
import type { Terminal } from "../runtime/terminal.ts";
import { UsageError } from "../runtime/usage-error.ts";

// The package has no sources: there the bundled Worker is next to this module.
const WORKER_ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../src/index.ts" : "./worker.js", import.meta.url),
);
/** The local edge checks for a newer generation after this time. */
const SNAPSHOT_REFRESH_MS = 20;
const SIGNAL_DELAY_MS = 100;
/** The exit code of a process that a signal ended is 128 and the number of the signal. */
const SIGNAL_EXIT_CODE = 128;

export interface DevOptions extends Omit<ManifestSyncOptions, "manifests"> {
  readonly manifests?: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Port of the local account. If set, other commands publish to it, and this one publishes nothing. */
  readonly accountPort?: number;
  /** Prints the environment variables for these commands. */
  readonly printEnv: boolean;
  readonly zones: readonly string[];
  /** Starts an echo origin for each Service. No other address is reachable. */
  readonly echoOrigins: boolean;
}

/**
 * Runs edgress locally until `signal` is aborted, with the name of a signal as reason. Resolves with the exit code: 0, or
 * that of the signal if it arrives during the start. Rejects with a `UsageError` if the manifests or a port are unavailable.
 */
export async function runDev(options: DevOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  let isReady = false;
  try {
    await serveUntilAborted(options, terminal, signal, () => {
      isReady = true;
    });
  } catch (error) {
    // Ctrl-C ends the child processes too, and their errors can arrive before the signal.
    await sleep(SIGNAL_DELAY_MS, signal);
    if (!signal.aborted) throw error;
  }
  return isReady ? 0 : SIGNAL_EXIT_CODE + constants.signals[signal.reason as NodeJS.Signals];
}

async function serveUntilAborted(
  options: DevOptions,
  terminal: Terminal,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const { manifests, ...otherOptions } = options;
  await validateOptions(options);
  const keys = { signing: generateSigningKeys(), encryption: generateEncryptionKeys() };
  const localCloudflare = await startEdge(options, keys, terminal, signal);
  try {
    if (manifests === undefined) await serveAccount(localCloudflare, keys, options, terminal, signal, onReady);
    else await syncManifests({ ...otherOptions, manifests }, localCloudflare, keys, terminal, signal, onReady);
  } finally {
    await localCloudflare.close();
  }
}

async function validateOptions({ manifests, accountPort, printEnv }: DevOptions): Promise<void> {
  if (manifests === undefined && accountPort === undefined)
    throw new UsageError("--manifests is not set. Set it, or --account-port to publish with other commands");
  if (manifests !== undefined && accountPort !== undefined)
    throw new UsageError(
      "--manifests and --account-port are mutually exclusive: with --account-port, other commands publish. Set one of them",
    );
  if (printEnv && accountPort === undefined)
    throw new UsageError("--print-env requires --account-port. Set a port, or 0 for a free port");
  if (manifests !== undefined) await assertReadableManifests(manifests);
}

function startEdge(
  { httpPort, httpsPort, zones, manifests, accountPort, echoOrigins }: DevOptions,
  keys: AccountKeys,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<LocalCloudflare> {
  return startLocalCloudflare({
    httpPort,
    httpsPort,
    ...(accountPort !== undefined && { accountPort, account: { kvRules: REHEARSAL_KV_RULES } }),
    zones: zones.length > 0 ? zones : [ROOT_ZONE],
    worker: WORKER_ENTRY,
    durableObjects: { LIMITER: "Limiter", FLOOR: "GenerationFloor" },
    variables: {
      EDGRESS_VERIFYING_KEY: keys.signing.publicKey,
      EDGRESS_DECRYPTION_KEY: keys.encryption.privateKey,
      SNAPSHOT_REFRESH_MS: String(SNAPSHOT_REFRESH_MS),
    },
    log: (line) => printWorkerLine(line, terminal),
    acceptsAnyAddress: manifests !== undefined, // a rehearsal gets the answers of a real account
    loopbackOnly: echoOrigins,
    signal,
  });
}
