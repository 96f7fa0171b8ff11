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
import { NO_PREVIOUS_STATE } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import { selectIngresses } from "../compile/select/ingress-class.ts";
import { collectOnce } from "../controller/collect-cluster.ts";
import { type CollectedCluster, type CompiledCluster, runPipeline } from "../controller/pipeline.ts";
import {
  createManifestDependencies,
  type ManifestPublication,
  NO_DELETION_LIMITS,
  publishManifests,
} from "../controller/publish-manifests.ts";
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
import { createRegexChecker, type RegexChecker } from "../regex-check/regex-checker.ts";

// The package has no sources: there the bundled Worker is next to this module.
const WORKER_ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../src/index.ts" : "./worker.js", import.meta.url),
);
/** The local edge checks for a newer generation after this time. */
const SNAPSHOT_REFRESH_MS = 20;

export interface DevOptions extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly zones: readonly string[];
  /** Starts an echo origin for each Service. No other address is reachable. */
  readonly echoOrigins: boolean;
}

/** Runs edgress locally until `signal` is aborted. Rejects with a `UsageError` if the folder or a port is unavailable. */
export async function runDev(options: DevOptions, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  await assertReadableFolder(options.manifests);
  const keys = generateSigningKeys();
  const encryptionKeys = generateEncryptionKeys();
  const localCloudflare = await startLocalCloudflare({
    httpPort: options.httpPort,
    httpsPort: options.httpsPort,
    zones: options.zones.length > 0 ? options.zones : [ROOT_ZONE],
    worker: WORKER_ENTRY,
    durableObjects: { LIMITER: "Limiter", FLOOR: "GenerationFloor" },
    variables: {
      EDGRESS_VERIFYING_KEY: keys.publicKey,
      EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey,
      SNAPSHOT_REFRESH_MS: String(SNAPSHOT_REFRESH_MS),
    },
    log: print,
    acceptsAnyAddress: true,
    loopbackOnly: options.echoOrigins,
  });
  const echoes = options.echoOrigins ? createEchoOrigins(localCloudflare) : undefined;
  try {
    const account = createAccount({
      ...localCloudflare.account,
      apiToken: localCloudflare.account.token,
      signingKey: keys.privateKey,
      encryptionKey: encryptionKeys.publicKey,
    });
    await syncOnChanges(options, { localCloudflare, echoes, account }, print, signal);
  } finally {
    await echoes?.close();
    await localCloudflare.close();
  }
}

/** Syncs at the start and after each change of the folder. A failure of the first sync rejects; later ones are printed. */
async function syncOnChanges(
  options: DevOptions,
  target: DevTarget,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const regexChecker = createRegexChecker();
  let previousState: DevState | undefined;
  for await (const _ of watchFolder(options.manifests, signal)) {
    try {
      previousState = await syncFolder(options, { ...target, regexChecker }, previousState, print);
    } catch (error) {
      if (!previousState) throw error;
      print(`error: sync failed: ${errorMessage(error)}; the edge serves the last published rules`);
    }
  }
}

/** The state that one sync leaves for the next: the files, and the printed lines that still apply. */
interface DevState {
  readonly manifests: Manifests;
  readonly reportedLines: ReadonlySet<string>;
}

/** The local edge that a folder is synced to. */
interface DevTarget {
  readonly localCloudflare: LocalCloudflare;
  readonly echoes: EchoOrigins | undefined;
  readonly account: Account;
}

async function syncFolder(
  options: DevOptions,
  target: DevTarget & { readonly regexChecker: RegexChecker },
  previousState: DevState | undefined,
  print: (line: string) => void,
): Promise<DevState> {
  const now = new Date();
  const manifests = await readManifests(options.manifests, previousState?.manifests ?? NO_MANIFESTS);
  const dependencies = createManifestDependencies(target.account, options, target.regexChecker, now);
  const stages = {
    collect: () => collectForDev(manifests, options, target),
    readBase: async () => ({ previousState: NO_PREVIOUS_STATE }),
    ...publishManifests(dependencies, NO_DELETION_LIMITS, now),
    report: (compiled: CompiledCluster, publication: ManifestPublication) =>
      reportToTerminal(manifests, compiled, publication, target, previousState, print),
  };
  const reportedLines = await runPipeline(dependencies, stages, now);
  return { manifests, reportedLines: reportedLines ?? new Set() };
}

/** Collects manifests, and starts what the local edge needs for them: echo origins and TLS certificates. */
async function collectForDev(
  manifests: Manifests,
  options: DevOptions,
  { localCloudflare, echoes }: DevTarget,
): Promise<CollectedCluster> {
  const cluster = parseCluster([...manifests.files.values()].flat());
  await echoes?.start(cluster);
  const ingresses = selectIngresses(cluster, options, () => {});
  localCloudflare.setCertificates(collectCertificates(ingresses, cluster));
  return collectOnce(cluster, ALLOW_ALL);
}

/** Prints new diagnostics and, after the edge serves it, the publication. Resolves with the lines of all diagnostics. */
async function reportToTerminal(
  { unparsableFiles }: Manifests,
  { compilation: { rules, diagnostics } }: CompiledCluster,
  { publishResult: { generation, writes, hasChanged } }: ManifestPublication,
  { localCloudflare: { http, https } }: DevTarget,
  previousState: DevState | undefined,
  print: (line: string) => void,
): Promise<ReadonlySet<string>> {
  const lines = [...unparsableFiles.map(formatUnparsableFile), ...diagnostics.map(formatDiagnostic)];
  for (const line of lines) if (!previousState?.reportedLines.has(line)) print(line);
  await waitForGeneration(http, generation);
  if (!previousState) {
    for (const line of formatExamples(rules, http, https)) print(line);
    print(`ready http=${http.origin} https=${https.origin} generation=${generation}`);
  } else if (hasChanged) {
    print(`published generation=${generation} writes=${writes}`);
  }
  return new Set(lines);
}
