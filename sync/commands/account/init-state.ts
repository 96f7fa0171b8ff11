import { UsageError } from "../../runtime/usage-error.ts";
import { readVariable } from "../../setup/checks/worker-checks.ts";
import type { AccountFacts } from "../../setup/facts.ts";
import { readIfExists } from "../../setup/folder.ts";
import { formatSecretManifest } from "../../setup/keys/secret-manifest.ts";
import type { SetupSettings } from "../../setup/settings.ts";
import type { InitState } from "../../setup/steps/plan-init.ts";
import type { InitAnswers, InitOptions } from "./init-answers.ts";
import { readContent, type SetupSession } from "./setup-session.ts";

/** Reads what the plan of `edgress init` is made from. Throws a `UsageError` if the token may not read it. */
export async function loadInitState(
  session: SetupSession,
  facts: AccountFacts,
  { credentials, settings, isContinued, variables, controllerToken }: InitAnswers,
  options: InitOptions,
): Promise<InitState> {
  if (!facts.namespaces.ok) throw new UsageError(`KV namespaces were not read: ${facts.namespaces.problem}`);
  if (!facts.worker.ok) throw new UsageError(`Worker was not read: ${facts.worker.problem}`);
  const worker = facts.worker.value;
  const namespaces = facts.namespaces.value;
  const namespace =
    namespaces.find(({ id }) => id === settings.namespaceId) ??
    namespaces.find(({ title }) => title === settings.namespaceTitle);
  const accountVariables = {
    CLOUDFLARE_ACCOUNT_ID: credentials.accountId,
    CLOUDFLARE_API_TOKEN: controllerToken,
    ...(credentials.baseURL !== undefined && { CLOUDFLARE_BASE_URL: credentials.baseURL }),
  };
  const namespaceContent = await readContent(session, facts, namespace?.id);
  const manifest = await readIfExists(session.files.secretManifest);
  return {
    settings: withDeployedKeys(settings, worker && readVariable(worker, "EDGRESS_VERIFYING_KEY")),
    variables,
    namespace,
    namespaceContent,
    isNamespaceOfEarlierRun: isContinued && namespaceContent?.isEmpty === true,
    worker,
    build: session.script.build,
    secretManifest: judgeManifest(manifest, formatSecretManifest(variables, options.secretNamespace), options),
    accountVariables,
  };
}

/** Keeps the keys that the Worker accepts, if the settings were lost. */
function withDeployedKeys(settings: SetupSettings, verifyingKey: string | undefined): SetupSettings {
  if (settings.verifyingKeys.length > 0 || !verifyingKey) return settings;
  return { ...settings, verifyingKeys: verifyingKey.split(",") };
}

function judgeManifest(
  text: string | undefined,
  expected: string,
  { secretManifest }: InitOptions,
): InitState["secretManifest"] {
  if (!secretManifest && text === undefined) return "unwanted";
  return text === expected ? "current" : "outdated";
}
