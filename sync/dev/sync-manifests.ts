import { errorMessage } from "../../src/rules/error-message.ts";
import { type Manifests, NO_MANIFESTS, readManifests } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { readGateways } from "../compile/gateway/read-gateways.ts";
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
import { createEchoOrigins, type EchoOrigins } from "../local/echo/echo-origins.ts";
import type { LocalCloudflare } from "../local/local-cloudflare.ts";
import { collectCertificates } from "../local/manifest-certificates.ts";
import { waitForGeneration } from "../local/wait-for-generation.ts";
import { watchManifests } from "../local/watch-manifests.ts";
import { ALLOW_ALL } from "../permits/model.ts";
import { type Account, createAccount } from "../publish/account.ts";
import { createRegexChecker, type RegexChecker } from "../regex-check/regex-checker.ts";
import type { Terminal } from "../runtime/terminal.ts";
import type { AccountKeys } from "./account-keys.ts";
import { buildCurlCommand } from "./curl-command.ts";
import { collectListenerCertificates } from "./listener-certificates.ts";
import { buildLoopbackPage } from "./loopback-page.ts";
import { printDiagnostics, printSummary, type ReportedLines } from "./summary.ts";

export interface ManifestSyncOptions extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  /** Starts an echo origin for each Service. */
  readonly echoOrigins: boolean;
  /** Prints each diagnostic, and not one line per reason. */
  readonly verbose: boolean;
}

/** What one sync needs besides the state of the last one. */
interface SyncContext {
  readonly options: ManifestSyncOptions;
  readonly localCloudflare: LocalCloudflare;
  readonly echoes: EchoOrigins | undefined;
  readonly account: Account;
  readonly regexChecker: RegexChecker;
  readonly terminal: Terminal;
}

/** The state that one sync leaves for the next: the files, and the printed lines that still apply. */
interface SyncState {
  readonly manifests: Manifests;
  readonly reportedLines: ReportedLines;
  /** Whether regexes wait for their first check, because the budget of the sync was used up. */
  readonly hasUncheckedRegexes: boolean;
}

/**
 * Syncs at the start and after each change of the manifests. A failure of the first sync rejects; later ones are printed.
 * Calls `onReady` after the first.
 */
export async function syncManifests(
  options: ManifestSyncOptions,
  localCloudflare: LocalCloudflare,
  keys: AccountKeys,
  terminal: Terminal,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const account = openLocalAccount(localCloudflare, keys);
  const echoes = options.echoOrigins ? createEchoOrigins(localCloudflare) : undefined;
  const context = { options, localCloudflare, echoes, account, terminal, regexChecker: createRegexChecker() };
  let previousState: SyncState | undefined;
  try {
    for await (const _ of watchManifests(options.manifests, signal)) {
      try {
        do {
          previousState = await syncOnce(context, previousState);
          onReady();
        } while (previousState.hasUncheckedRegexes && !signal.aborted);
      } catch (error) {
        if (!previousState) throw error;
        terminal.print(`error: sync failed: ${errorMessage(error)}; the edge serves the last published rules`);
      }
    }
  } finally {
    await echoes?.close();
  }
}

function openLocalAccount({ account }: LocalCloudflare, { signing, encryption }: AccountKeys): Account {
  return createAccount({
    ...account,
    apiToken: account.token,
    signingKey: signing.privateKey,
    encryptionKey: encryption.publicKey,
  });
}

async function syncOnce(context: SyncContext, previousState: SyncState | undefined): Promise<SyncState> {
  const { options, account, regexChecker } = context;
  const now = new Date();
  const manifests = await readManifests(options.manifests, previousState?.manifests ?? NO_MANIFESTS);
  const dependencies = createManifestDependencies(account, options, regexChecker, now);
  const stages = {
    collect: () => collectForEdge(manifests, context),
    readBase: async () => ({ previousState: NO_PREVIOUS_STATE }),
    ...publishManifests(dependencies, NO_DELETION_LIMITS, now),
    report: async (compiled: CompiledCluster, publication: ManifestPublication): Promise<SyncState> => ({
      manifests,
      reportedLines: await reportSync(manifests, compiled, publication, context, previousState),
      hasUncheckedRegexes: regexChecker.hasUnchecked(compiled.compilation.regexes),
    }),
  };
  const state = await runPipeline(dependencies, stages, now);
  return state ?? { manifests, reportedLines: new Set(), hasUncheckedRegexes: false };
}

/** Collects manifests, and starts what the local edge needs for them: echo origins and TLS certificates. */
async function collectForEdge(
  manifests: Manifests,
  { options, localCloudflare, echoes }: SyncContext,
): Promise<CollectedCluster> {
  const cluster = parseCluster([...manifests.files.values()].flat());
  await echoes?.start(cluster);
  const ingresses = selectIngresses(cluster, options);
  const { gateways, listenerSets } = readGateways(cluster, { controller: options.controller, zones: [] });
  const listeners = [...gateways, ...listenerSets].flatMap((holder) => holder.listeners);
  const listenerCertificates = collectListenerCertificates(listeners, cluster.secrets);
  localCloudflare.setCertificates(new Map([...listenerCertificates, ...collectCertificates(ingresses, cluster)]));
  return collectOnce(cluster, ALLOW_ALL);
}

/** Prints new diagnostics and, after the edge serves it, the publication. Resolves with the lines that still apply. */
async function reportSync(
  { unparsableFiles }: Manifests,
  { compilation: { rules, diagnostics, ignoredIngresses } }: CompiledCluster,
  { publishResult: { generation, writes, hasChanged } }: ManifestPublication,
  { localCloudflare, options, terminal }: SyncContext,
  previousState: SyncState | undefined,
): Promise<ReportedLines> {
  const { http, https } = localCloudflare;
  await waitForGeneration(http, generation);
  const curlCommand = await buildCurlCommand(rules, http, https);
  localCloudflare.setLoopbackPage(buildLoopbackPage(rules, curlCommand));
  if (!previousState) printSummary(rules, options.manifests, curlCommand, terminal);
  const report = { unparsableFiles, diagnostics, ignoredIngresses };
  const reportedLines = printDiagnostics(report, options, previousState?.reportedLines, terminal);
  if (!previousState) terminal.print(`ready http=${http.origin} https=${https.origin} generation=${generation}`);
  else if (hasChanged) terminal.print(`published generation=${generation} writes=${writes}`);
  return reportedLines;
}
