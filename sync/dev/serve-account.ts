import { startEchoServers } from "../local/echo/echo.ts";
import type { LocalCloudflare } from "../local/local-cloudflare.ts";
import { LOCAL_STATUS_TOKEN, readGeneration } from "../local/wait-for-generation.ts";
import { sleep } from "../runtime/sleep.ts";
import type { Terminal } from "../runtime/terminal.ts";
import type { AccountKeys } from "./account-keys.ts";

const POLL_INTERVAL_MS = 200;

/** Serves the rules that other commands publish to the local account, until `signal` is aborted. */
export async function serveAccount(
  localCloudflare: LocalCloudflare,
  keys: AccountKeys,
  { echoOrigins, printEnv }: { readonly echoOrigins: boolean; readonly printEnv: boolean },
  terminal: Terminal,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const { http, https, account, forwardOthers } = localCloudflare;
  const echoes = await startEchoServers(echoOrigins ? ["echo-origin"] : []);
  try {
    for (const { address } of echoes) forwardOthers(address);
    if (printEnv) for (const line of formatAccountVariables(localCloudflare, keys)) terminal.print(line);
    terminal.print(`ready http=${http.origin} https=${https.origin} account=${account.baseURL}`);
    onReady();
    await reportGenerations(http, terminal, signal);
  } finally {
    for (const { close } of echoes) await close();
  }
}

/** Prints each generation that the edge begins to serve, until `signal` is aborted. */
async function reportGenerations(edge: URL, terminal: Terminal, signal: AbortSignal): Promise<void> {
  let servedGeneration = 0;
  while (!signal.aborted) {
    // It fails if the edge is restarted or closed at this moment.
    const generation = await readGeneration(edge).catch(() => servedGeneration);
    if (generation !== servedGeneration) terminal.print(`serving generation=${generation}`);
    servedGeneration = generation;
    await sleep(POLL_INTERVAL_MS, signal);
  }
}

/** Returns shell commands that set the environment variables of `publish`, `sync` and other commands. */
function formatAccountVariables({ account }: LocalCloudflare, { signing, encryption }: AccountKeys): string[] {
  const variables: Readonly<Record<string, string>> = {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    CLOUDFLARE_ZONE_ID: account.zoneIds.join(","),
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: signing.privateKey,
    EDGRESS_VERIFYING_KEY: signing.publicKey,
    EDGRESS_ENCRYPTION_KEY: encryption.publicKey,
    EDGRESS_STATUS_TOKEN: LOCAL_STATUS_TOKEN,
  };
  return Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
}
