import { randomBytes } from "node:crypto";
import type { Namespaces } from "../../cloudflare/namespaces.ts";
import { generateEncryptionKeys } from "../../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../publish/sign-manifest.ts";
import { readPublicKey } from "../checks/key-checks.ts";
import { type EnvironmentName, prepareFolder, type SetupFiles, writePrivateFile } from "../folder.ts";
import { formatSecretManifest } from "../keys/secret-manifest.ts";
import { type Variables, writeVariables } from "../keys/variable-file.ts";
import { readAllSettings, type SetupSettings, writeSettings } from "../settings.ts";
import type { WranglerCall } from "../worker/run-wrangler.ts";
import type { WorkerScript } from "../worker/worker-script.ts";
import { copyWorkerScript } from "../worker/worker-script.ts";
import { formatWranglerConfig } from "../worker/wrangler-config.ts";
import { type InitState, type InitStep, listMissingSecrets } from "./plan-init.ts";

/** What the steps of a set-up use. */
export interface InitTools {
  readonly files: SetupFiles;
  readonly environment: EnvironmentName;
  readonly namespaces: Namespaces;
  readonly script: WorkerScript;
  readonly spawnWrangler: (call: WranglerCall) => Promise<string>;
  /** Reports a step that begins, and one that is done. */
  readonly onStep: (step: InitStep, phase: "begin" | "done") => void;
  readonly secretNamespace: string;
}

/** What the steps of a set-up change. */
interface InitProgress {
  readonly settings: SetupSettings;
  readonly variables: Variables;
}

/** Carries out the steps that are not done. Each one stores its result first, so that the next run goes on from there. */
export async function runInitSteps(
  steps: readonly InitStep[],
  state: InitState,
  tools: InitTools,
): Promise<InitProgress> {
  const { files, environment } = tools;
  await prepareFolder(files);
  await writeSettings(files.folder, environment, state.settings);
  let progress: InitProgress = { settings: state.settings, variables: state.variables };
  for (const step of steps) {
    if (step.isDone && step.type !== "deploy") continue;
    if (!step.isDone) tools.onStep(step, "begin");
    progress = await RUNNERS[step.type](progress, state, tools, step);
    await writeSettings(files.folder, environment, progress.settings);
    if (Object.keys(progress.variables).length > 0) await writeVariables(files.controllerVariables, progress.variables);
    if (!step.isDone) tools.onStep(step, "done");
  }
  return progress;
}

type StepRunner = (progress: InitProgress, state: InitState, tools: InitTools, step: InitStep) => Promise<InitProgress>;

const RUNNERS: Readonly<Record<InitStep["type"], StepRunner>> = {
  async namespace({ settings, variables }, _, { namespaces }) {
    const { id } = await namespaces.create(settings.namespaceTitle);
    return { settings: { ...settings, namespaceId: id }, variables };
  },
  async "adopt-namespace"({ settings, variables }, { namespace, isNamespaceOfEarlierRun }) {
    return {
      settings: { ...settings, namespaceId: namespace?.id, isNamespaceAdopted: !isNamespaceOfEarlierRun },
      variables,
    };
  },
  async "signing-key"({ settings, variables }) {
    const { privateKey, publicKey } = generateSigningKeys();
    return {
      settings: { ...settings, verifyingKeys: [publicKey] },
      variables: { ...variables, EDGRESS_SIGNING_KEY: privateKey, EDGRESS_VERIFYING_KEY: publicKey },
    };
  },
  deploy: deployWorker,
  secrets: putSecrets,
  async variables({ settings, variables }, { accountVariables }) {
    const { namespaceId = "", verifyingKeys } = settings;
    return {
      settings,
      variables: {
        ...variables,
        ...accountVariables,
        EDGRESS_KV_NAMESPACE_ID: namespaceId,
        EDGRESS_VERIFYING_KEY: verifyingKeys.join(","),
      },
    };
  },
  async "secret-manifest"(progress, _, { files, secretNamespace }) {
    await writePrivateFile(files.secretManifest, formatSecretManifest(progress.variables, secretNamespace));
    return progress;
  },
};

/** Writes the configuration and the Worker, and deploys them if the step is not done. */
async function deployWorker(
  { settings, variables }: InitProgress,
  _: InitState,
  { files, environment, script, spawnWrangler }: InitTools,
  { isDone }: InitStep,
): Promise<InitProgress> {
  const publicKey = readPublicKey(variables.EDGRESS_SIGNING_KEY ?? "");
  const verifyingKeys = settings.verifyingKeys.length > 0 || !publicKey ? settings.verifyingKeys : [publicKey];
  const completeSettings = { ...settings, verifyingKeys };
  const all = new Map(await readAllSettings(files.folder)).set(environment, completeSettings);
  await copyWorkerScript(files, script);
  await writePrivateFile(files.wranglerConfig, formatWranglerConfig(all, script.build));
  if (!isDone) await spawnWrangler({ args: deployArguments(environment) });
  return { settings: completeSettings, variables };
}

/** Returns the arguments that deploy the Worker of an environment. */
export function deployArguments(environment: EnvironmentName): readonly string[] {
  return ["deploy", "--config", "wrangler.jsonc", "--env", environment];
}

/** Sets the Worker's secrets in one new version. The decryption key is never stored here. */
async function putSecrets(
  { settings, variables }: InitProgress,
  { worker }: InitState,
  { environment, spawnWrangler }: InitTools,
): Promise<InitProgress> {
  const missing = listMissingSecrets(worker, variables);
  const encryptionKeys = generateEncryptionKeys();
  const statusToken = variables.EDGRESS_STATUS_TOKEN || randomBytes(24).toString("base64url");
  const values = { EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey, EDGRESS_STATUS_TOKEN: statusToken };
  const secrets = Object.fromEntries(missing.map((name) => [name, values[name]]));
  await spawnWrangler({ args: secretArguments(environment), input: JSON.stringify(secrets) });
  return {
    settings,
    variables: {
      ...variables,
      ...(missing.includes("EDGRESS_DECRYPTION_KEY") && { EDGRESS_ENCRYPTION_KEY: encryptionKeys.publicKey }),
      EDGRESS_STATUS_TOKEN: statusToken,
    },
  };
}

/** Returns the arguments that change the Worker's secrets. They come from standard input. */
export function secretArguments(environment: EnvironmentName): readonly string[] {
  return ["secret", "bulk", "--config", "wrangler.jsonc", "--env", environment];
}
