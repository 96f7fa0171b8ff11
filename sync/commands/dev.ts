import { fileURLToPath } from "node:url";
import { errorMessage } from "../../src/rules/error-message.ts";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import {
  assertReadableFolder,
  formatUnparsableFile,
  type Manifests,
  NO_MANIFESTS,
  readManifests,
} from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { formatDiagnostic } from "../compile/diagnostics.ts";
import { createRegexInspector } from "../compile/hosts/regex-safety.ts";
import type { Options } from "../compile/options.ts";
import { selectIngresses } from "../compile/select/ingress-class.ts";
import { type ManifestSyncResult, syncManifests } from "../controller/sync-folder.ts";
import { formatExamples } from "../local/echo/curl-examples.ts";
import { createEchoOrigins, type EchoOrigins } from "../local/echo/echo-origins.ts";
import { type LocalCloudflare, startLocalCloudflare } from "../local/local-cloudflare.ts";
import { collectCertificates } from "../local/manifest-certificates.ts";
import { waitForGeneration } from "../local/wait-for-generation.ts";
import { watchFolder } from "../local/watch-folder.ts";
import { ALLOW_ALL } from "../permits/model.ts";
import { type Account, createAccount } from "../publish/account.ts";
import { generateEncryptionKeys } from "../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../publish/sign-manifest.ts";

// The package has no sources: there the bundled Worker is next to this module.
const WORKER_ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../src/index.ts" : "./worker.js", import.meta.url),
);
/** The local edge looks for a newer generation at every request that comes this much later. */
const SNAPSHOT_REFRESH_MS = 20;

export interface DevOptions extends Omit<Options, "zones" | "inspect" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly zones: readonly string[];
  /** Starts an echo origin for every Service, and reaches nothing else. */
  readonly echoOrigins: boolean;
}

/** Runs the whole line on this machine until `ended`. Rejects with a UsageError where a folder or port cannot be had. */
export async function runDev(options: DevOptions, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  await assertReadableFolder(options.manifests);
  const keys = generateSigningKeys();
  const sealingKeys = generateEncryptionKeys();
  const localCloudflare = await startLocalCloudflare({
    httpPort: options.httpPort,
    httpsPort: options.httpsPort,
    zones: options.zones.length > 0 ? options.zones : [ROOT_ZONE],
    worker: WORKER_ENTRY,
    durableObjects: { LIMITER: "Limiter" },
    variables: {
      EDGRESS_VERIFYING_KEY: keys.publicKey,
      EDGRESS_DECRYPTION_KEY: sealingKeys.privateKey,
      SNAPSHOT_REFRESH_MS: String(SNAPSHOT_REFRESH_MS),
    },
    log: print,
    loopbackOnly: options.echoOrigins,
  });
  const echoes = options.echoOrigins ? createEchoOrigins(localCloudflare) : undefined;
  try {
    await syncOnChanges(
      options,
      localCloudflare,
      echoes,
      createAccount({
        ...localCloudflare.account,
        apiToken: localCloudflare.account.token,
        signingKey: keys.privateKey,
        encryptionKey: sealingKeys.publicKey,
      }),
      print,
      signal,
    );
  } finally {
    await echoes?.close();
    await localCloudflare.close();
  }
}

/** One round at the start and one after each change of the folder. Only the first may fail: later the edge goes on as it is. */
async function syncOnChanges(
  options: DevOptions,
  localCloudflare: LocalCloudflare,
  echoes: EchoOrigins | undefined,
  account: Account,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const compileOptions = { ...options, inspect: createRegexInspector(), permits: ALLOW_ALL };
  let previousState: DevState | undefined;
  for await (const _ of watchFolder(options.manifests, signal)) {
    try {
      previousState = await syncFolder(compileOptions, localCloudflare, echoes, account, previousState, print);
    } catch (error) {
      if (!previousState) throw error;
      print(`error round: ${errorMessage(error)}; the edge serves what it served before`);
    }
  }
}

/** What a round leaves for the next: the files that were read, and the lines that need not be printed again. */
interface DevState {
  readonly manifests: Manifests;
  readonly reportedLines: ReadonlySet<string>;
}

async function syncFolder(
  options: DevOptions & Pick<Options, "inspect" | "permits">,
  localCloudflare: LocalCloudflare,
  echoes: EchoOrigins | undefined,
  account: Account,
  previousState: DevState | undefined,
  print: (line: string) => void,
): Promise<DevState> {
  const manifests = await readManifests(options.manifests, previousState?.manifests ?? NO_MANIFESTS);
  const cluster = parseCluster([...manifests.files.values()].flat());
  await echoes?.start(cluster);
  const ingresses = selectIngresses(cluster, options, () => {});
  localCloudflare.setCertificates(collectCertificates(ingresses, cluster));
  const result = await syncManifests(cluster, options, account, new Date());
  const lines = [...manifests.unparsableFiles.map(formatUnparsableFile), ...result.diagnostics.map(formatDiagnostic)];
  for (const line of lines) if (!previousState?.reportedLines.has(line)) print(line);
  await waitForGeneration(localCloudflare.http, result.publishResult.generation);
  if (!previousState || result.publishResult.hasChanged)
    printSyncResult(result, localCloudflare, previousState !== undefined, print);
  return { manifests, reportedLines: new Set(lines) };
}

function printSyncResult(
  { rules, publishResult }: ManifestSyncResult,
  { http, https }: LocalCloudflare,
  wasReady: boolean,
  print: (line: string) => void,
) {
  const { generation, writes } = publishResult;
  if (wasReady) return print(`published generation=${generation} writes=${writes}`);
  for (const line of formatExamples(rules, http, https)) print(line);
  print(`ready http=${http.origin} https=${https.origin} generation=${generation}`);
}
