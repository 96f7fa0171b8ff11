import { resolve } from "node:path";
import { createApiClient } from "../../cloudflare/client.ts";
import type { Terminal } from "../../runtime/terminal.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { hasFailedCheck } from "../../setup/checks/check.ts";
import { formatChecks } from "../../setup/checks/format-checks.ts";
import { checkPrerequisites, checkSetup } from "../../setup/checks/run-checks.ts";
import { readSettings } from "../../setup/settings.ts";
import type { Environment } from "../help/environment-variables.ts";
import {
  collectCheckInput,
  findCredentials,
  openSession,
  type SetupOptions,
  type SetupSession,
} from "./setup-session.ts";

export interface CheckOptions extends SetupOptions {
  readonly zones: readonly string[];
  readonly edgeUrl: string | undefined;
}

/** Checks an account and its set-up. Resolves with exit code 1 if a check has an error. */
export async function runCheck(options: CheckOptions, environment: Environment, terminal: Terminal): Promise<number> {
  const session = await loadSession(options, environment);
  const zones = options.zones.length > 0 ? [...options.zones] : session.settings.zones;
  const edgeUrl = options.edgeUrl ?? session.settings.edgeUrl;
  const settings = { ...session.settings, zones, ...(edgeUrl !== undefined && { edgeUrl }) };
  const input = await collectCheckInput({ ...session, settings });
  const checks = [...checkPrerequisites(input), ...checkSetup(input)];
  if (options.json) terminal.print(JSON.stringify({ checks }, undefined, 2));
  else for (const parts of formatChecks(checks)) terminal.print(...parts);
  return hasFailedCheck(checks) ? 1 : 0;
}

/** Opens the session of an existing set-up. Throws a `UsageError` without a set-up or credentials. */
export async function loadSession(options: SetupOptions, environment: Environment): Promise<SetupSession> {
  const settings = await readSettings(resolve(options.dir), options.environment);
  if (!settings)
    throw new UsageError(`set-up not found: ${options.dir}/${options.environment}. Run \`edgress init\`, or set --dir`);
  const { apiToken, baseURL, variables } = await findCredentials(options, environment);
  if (apiToken === undefined) throw new UsageError("API token not found. Set CLOUDFLARE_API_TOKEN");
  const credentials = { accountId: settings.accountId, apiToken, baseURL };
  const client = createApiClient({ apiToken, baseURL });
  return openSession(options, settings, variables, credentials, client);
}
