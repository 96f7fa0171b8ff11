import { resolve } from "node:path";
import type Cloudflare from "cloudflare";
import { createEdgeClient, type EdgeAnswer } from "../../edge/edge-client.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { CheckInput } from "../../setup/checks/run-checks.ts";
import { type AccountFacts, readAccountFacts } from "../../setup/facts.ts";
import { type EnvironmentName, locateFiles, type SetupFiles } from "../../setup/folder.ts";
import { readVariables, type Variables } from "../../setup/keys/variable-file.ts";
import { type NamespaceContent, readNamespaceContent } from "../../setup/namespace-content.ts";
import type { SetupSettings } from "../../setup/settings.ts";
import { findWrangler, type Wrangler } from "../../setup/worker/find-wrangler.ts";
import { spawnWrangler, type WranglerCall } from "../../setup/worker/run-wrangler.ts";
import { loadWorkerScript, type WorkerScript } from "../../setup/worker/worker-script.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";

/** Options of every command of an account. */
export interface SetupOptions {
  readonly environment: EnvironmentName;
  readonly dir: string;
  readonly json: boolean;
}

/** The account, the files and the tools of a set-up command. */
export interface SetupSession {
  readonly files: SetupFiles;
  readonly settings: SetupSettings;
  readonly variables: Variables;
  readonly client: Cloudflare;
  readonly credentials: Credentials;
  readonly wrangler: Wrangler | undefined;
  readonly script: WorkerScript;
}

export interface Credentials {
  readonly accountId: string;
  readonly apiToken: string;
  readonly baseURL: string | undefined;
}

/** Reads the credentials of the environment, then those of the controller's file. */
export async function findCredentials(
  options: SetupOptions,
  environment: Environment,
): Promise<Partial<Credentials> & { readonly variables: Variables }> {
  const files = locateFiles(resolve(options.dir), options.environment);
  const variables = await readVariables(files.controllerVariables);
  const { CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, CLOUDFLARE_BASE_URL } = readEnvironmentFiles(environment);
  const accountId = CLOUDFLARE_ACCOUNT_ID || variables.CLOUDFLARE_ACCOUNT_ID;
  const apiToken = CLOUDFLARE_API_TOKEN || variables.CLOUDFLARE_API_TOKEN;
  const baseURL = CLOUDFLARE_BASE_URL || variables.CLOUDFLARE_BASE_URL;
  return { ...(accountId && { accountId }), ...(apiToken && { apiToken }), ...(baseURL && { baseURL }), variables };
}

/** Opens a session with existing settings. */
export async function openSession(
  options: SetupOptions,
  settings: SetupSettings,
  variables: Variables,
  credentials: Credentials,
  client: Cloudflare,
): Promise<SetupSession> {
  const folder = resolve(options.dir);
  return {
    files: locateFiles(folder, options.environment),
    settings,
    variables,
    client,
    credentials,
    wrangler: await findWrangler(process.cwd()),
    script: await loadWorkerScript(),
  };
}

/** Everything that the checks judge, as read from the account, the edge and the machine. */
export async function collectCheckInput(session: SetupSession): Promise<CheckInput> {
  const { settings, variables, wrangler, script } = session;
  const facts = await readFacts(session);
  return {
    facts,
    settings,
    variables,
    content: await readContent(session, facts, settings.namespaceId),
    edge: await readEdge(settings.edgeUrl, variables),
    wrangler,
    nodeVersion: process.versions.node,
    build: script.build,
    now: new Date(),
  };
}

function readFacts({ client, credentials, settings }: SetupSession): Promise<AccountFacts> {
  return readAccountFacts(client, {
    accountId: credentials.accountId,
    script: settings.script,
    zones: settings.zones,
  });
}

/** Reads a KV namespace. Undefined if it does not exist, or the token sees none. */
export async function readContent(
  { client, credentials, variables }: SetupSession,
  { namespaces }: Pick<AccountFacts, "namespaces">,
  namespaceId: string | undefined,
): Promise<NamespaceContent | undefined> {
  if (!namespaces.ok || !namespaces.value.some(({ id }) => id === namespaceId) || namespaceId === undefined)
    return undefined;
  return readNamespaceContent(client, credentials.accountId, namespaceId, variables);
}

/** Asks the edge with the status token. Undefined without a URL. */
export async function readEdge(edgeUrl: string | undefined, variables: Variables): Promise<EdgeAnswer | undefined> {
  if (edgeUrl === undefined) return undefined;
  return createEdgeClient(edgeUrl, variables.EDGRESS_STATUS_TOKEN ?? "").readStatus();
}

/** Runs wrangler with the credentials of a session. */
export function callWrangler({ wrangler, files, credentials }: SetupSession, call: WranglerCall): Promise<string> {
  if (!wrangler) throw new UsageError("wrangler not found. Install it: npm install --save-dev wrangler");
  return spawnWrangler(wrangler, files, credentials, call);
}
