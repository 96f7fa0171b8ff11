import { rm } from "node:fs/promises";
import { generateEncryptionKeys } from "../../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../publish/sign-manifest.ts";
import { type EnvironmentName, readIfExists, type SetupFiles, writePrivateFile } from "../folder.ts";
import type { RotationState, RotationStep } from "../keys/rotation.ts";
import { formatSecretManifest, readSecretNamespace } from "../keys/secret-manifest.ts";
import { type Variables, writeVariables } from "../keys/variable-file.ts";
import { readAllSettings, type SetupSettings, writeSettings } from "../settings.ts";
import type { WranglerCall } from "../worker/run-wrangler.ts";
import { copyWorkerScript, type WorkerScript } from "../worker/worker-script.ts";
import { formatWranglerConfig } from "../worker/wrangler-config.ts";
import { deployArguments, secretArguments } from "./run-init.ts";

export interface RotationTools {
  readonly files: SetupFiles;
  readonly environment: EnvironmentName;
  readonly script: WorkerScript;
  readonly spawnWrangler: (call: WranglerCall) => Promise<string>;
  /** Signs the registries of hosts that still have the signature of the old key. */
  readonly renewRegistries: () => Promise<void>;
}

/** A step that changes the account or the files. */
export type RotationChange = Exclude<RotationStep, { readonly type: "restart-controller" | "settle" }>;

/** Carries out one step of a rotation. Each stores its result before the next one needs it. */
export async function runRotationStep(
  step: RotationChange,
  { settings, variables, next }: RotationState,
  tools: RotationTools,
): Promise<void> {
  const { files, environment, spawnWrangler } = tools;
  switch (step.type) {
    case "begin":
      await writeVariables(files.nextKeys, { EDGRESS_SIGNING_KEY: generateSigningKeys().privateKey });
      return storeSettings(tools, { ...settings, rotation: { slot: step.slot, isAccepted: false } });
    case "put-decryption-key": {
      const { privateKey, publicKey } = generateEncryptionKeys();
      const input = JSON.stringify({ [step.slot]: privateKey });
      await spawnWrangler({ args: secretArguments(environment), input });
      return writeVariables(files.nextKeys, { ...next, EDGRESS_ENCRYPTION_KEY: publicKey });
    }
    case "deploy":
      return deployKeys(tools, { ...settings, verifyingKeys: [...step.verifyingKeys] });
    case "confirm-edge":
      return storeRotation(tools, settings, step.isConfirmed);
    case "switch-controller": {
      const verifyingKey = step.verifyingKeys.join(",");
      await writeControllerFiles(tools, { ...variables, ...next, EDGRESS_VERIFYING_KEY: verifyingKey });
      return rm(files.nextKeys, { force: true });
    }
    case "delete-decryption-key": {
      await spawnWrangler({ args: secretArguments(environment), input: JSON.stringify({ [step.slot]: null }) });
      return;
    }
    case "finish": {
      await tools.renewRegistries(); // the old key is needed to verify them, and goes now
      await writeControllerFiles(tools, { ...variables, EDGRESS_VERIFYING_KEY: step.verifyingKeys.join(",") });
      await rm(files.nextKeys, { force: true });
      const { rotation: _, ...rest } = settings;
      return storeSettings(tools, { ...rest, verifyingKeys: [...step.verifyingKeys] });
    }
  }
}

function storeSettings({ files, environment }: RotationTools, settings: SetupSettings): Promise<void> {
  return writeSettings(files.folder, environment, settings);
}

async function storeRotation(tools: RotationTools, settings: SetupSettings, isAccepted: boolean): Promise<void> {
  if (settings.rotation) await storeSettings(tools, { ...settings, rotation: { ...settings.rotation, isAccepted } });
}

/** Deploys the Worker with other verifying keys. */
async function deployKeys(tools: RotationTools, settings: SetupSettings): Promise<void> {
  const { files, environment, script, spawnWrangler } = tools;
  await storeSettings(tools, settings);
  await copyWorkerScript(files, script);
  await writePrivateFile(files.wranglerConfig, formatWranglerConfig(await readAllSettings(files.folder), script.build));
  await spawnWrangler({ args: deployArguments(environment) });
}

/** Writes the controller's variables, and the Kubernetes Secret if there is one. */
async function writeControllerFiles({ files }: RotationTools, variables: Variables): Promise<void> {
  await writeVariables(files.controllerVariables, variables);
  const manifest = await readIfExists(files.secretManifest);
  if (manifest === undefined) return;
  await writePrivateFile(files.secretManifest, formatSecretManifest(variables, readSecretNamespace(manifest)));
}
