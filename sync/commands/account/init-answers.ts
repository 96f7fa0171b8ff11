import { resolve } from "node:path";
import { UsageError } from "../../runtime/usage-error.ts";
import type { Variables } from "../../setup/keys/variable-file.ts";
import { createSettings, readSettings, type SetupSettings } from "../../setup/settings.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";
import type { Prompts } from "./prompts.ts";
import { type Credentials, findCredentials, type SetupOptions } from "./setup-session.ts";

export interface InitOptions extends SetupOptions {
  readonly name: string | undefined;
  readonly zones: readonly string[];
  readonly edgeUrl: string | undefined;
  readonly analytics: boolean | undefined;
  readonly adoptNamespace: boolean;
  readonly secretManifest: boolean;
  readonly secretNamespace: string;
  readonly showKeys: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** What `edgress init` knows before it reads the account. */
export interface InitAnswers {
  readonly credentials: Credentials;
  readonly settings: SetupSettings;
  /** Whether an earlier run wrote settings. */
  readonly isContinued: boolean;
  readonly variables: Variables;
  /** The token that the controller gets. */
  readonly controllerToken: string;
}

const ACCOUNT_ID_PATTERN = /^[0-9a-f]{32}$/;
const SCRIPT_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Collects the answers from options, environment, files, and prompts on a terminal. */
export async function collectAnswers(
  options: InitOptions,
  environment: Environment,
  prompts: Prompts | undefined,
): Promise<InitAnswers> {
  const found = await findCredentials(options, environment);
  assertAnswers(options, found, prompts);
  const accountId = found.accountId ?? (await prompts?.ask("Account id (dashboard, right column)")) ?? "";
  if (!ACCOUNT_ID_PATTERN.test(accountId))
    throw new UsageError(`account id must be 32 hexadecimal digits: ${accountId}. Set CLOUDFLARE_ACCOUNT_ID`);
  const apiToken = found.apiToken ?? (await prompts?.askSecret("API token (hidden)")) ?? "";
  if (apiToken === "") throw new UsageError("API token is empty. Set CLOUDFLARE_API_TOKEN");
  const stored = await readSettings(resolve(options.dir), options.environment);
  if (stored && stored.accountId !== accountId)
    throw new UsageError(
      `account id conflicts with the folder ${options.dir}: ${accountId}, not ${stored.accountId}. Choose another folder with --dir`,
    );
  return {
    credentials: { accountId, apiToken, baseURL: found.baseURL },
    settings: await completeSettings(stored, accountId, options, prompts),
    isContinued: stored !== undefined,
    variables: found.variables,
    controllerToken: await findControllerToken(apiToken, found.variables, environment, prompts),
  };
}

/** Throws a `UsageError` with all missing answers, if there is no terminal for prompts. */
function assertAnswers(
  { yes, dryRun }: InitOptions,
  { accountId, apiToken }: Partial<Credentials>,
  prompts: Prompts | undefined,
): void {
  if (prompts) return;
  const missing = [
    ...(apiToken === undefined ? ["CLOUDFLARE_API_TOKEN"] : []),
    ...(accountId === undefined ? ["CLOUDFLARE_ACCOUNT_ID"] : []),
    ...(yes || dryRun ? [] : ["--yes"]),
  ];
  if (missing.length > 0)
    throw new UsageError(`no terminal to ask on, and not set: ${missing.join(", ")}. Set them, or use --dry-run`);
}

async function completeSettings(
  stored: SetupSettings | undefined,
  accountId: string,
  options: InitOptions,
  prompts: Prompts | undefined,
): Promise<SetupSettings> {
  const settings = stored ?? createSettings(accountId, await chooseScript(options, prompts));
  if (options.name !== undefined && stored && nameScript(options.name, options) !== stored.script)
    throw new UsageError(
      `--name conflicts with the folder ${options.dir}: ${options.name}, not ${stored.script}. Choose another folder with --dir`,
    );
  const isNew = stored === undefined;
  return {
    ...settings,
    zones: options.zones.length > 0 ? [...options.zones] : settings.zones,
    analytics:
      options.analytics ??
      (isNew && prompts
        ? await prompts.confirm("Count requests in Analytics Engine, for staged roll-outs?")
        : settings.analytics),
    ...(options.edgeUrl !== undefined && { edgeUrl: options.edgeUrl }),
  };
}

async function chooseScript(options: InitOptions, prompts: Prompts | undefined): Promise<string> {
  const name = options.name ?? (await prompts?.ask("Name of the Worker", "edgress")) ?? "edgress";
  const script = nameScript(name, options);
  if (!SCRIPT_PATTERN.test(script))
    throw new UsageError(`--name must be lower-case letters, digits and hyphens: ${name}. Choose another name`);
  return script;
}

function nameScript(name: string, { environment }: SetupOptions): string {
  return environment === "production" ? name : `${name}-${environment}`;
}

/** The controller needs fewer permissions than a deployment, so it should have another token. */
async function findControllerToken(
  apiToken: string,
  variables: Variables,
  environment: Environment,
  prompts: Prompts | undefined,
): Promise<string> {
  const { EDGRESS_CONTROLLER_TOKEN } = readEnvironmentFiles(environment);
  const known = EDGRESS_CONTROLLER_TOKEN || variables.CLOUDFLARE_API_TOKEN;
  if (known) return known;
  return (await prompts?.askSecret("API token of the controller (hidden; empty for the same token)")) || apiToken;
}
