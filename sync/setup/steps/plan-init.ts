import type { KvNamespace } from "../../cloudflare/namespaces.ts";
import { readPublicKey } from "../checks/key-checks.ts";
import { describeContent } from "../checks/namespace-checks.ts";
import { listMissingBindings, listSecretNames, readVariable } from "../checks/worker-checks.ts";
import type { WorkerFacts } from "../facts.ts";
import { listKeySlots } from "../keys/key-slots.ts";
import type { Variables } from "../keys/variable-file.ts";
import type { NamespaceContent } from "../namespace-content.ts";
import type { SetupSettings } from "../settings.ts";

/** A step of the set-up. `isDone`: it is there already. */
export interface InitStep {
  readonly type:
    | "namespace"
    | "adopt-namespace"
    | "signing-key"
    | "deploy"
    | "secrets"
    | "variables"
    | "secret-manifest";
  readonly isDone: boolean;
  /** The result of the step. */
  readonly description: string;
}

/** What the plan is made from. */
export interface InitState {
  readonly settings: SetupSettings;
  readonly variables: Variables;
  /** The KV namespace of the settings, or the one with their title. */
  readonly namespace: KvNamespace | undefined;
  readonly namespaceContent: NamespaceContent | undefined;
  /** Whether an interrupted run of the set-up created the KV namespace. */
  readonly isNamespaceOfEarlierRun: boolean;
  readonly worker: WorkerFacts | undefined;
  readonly build: string;
  /** Whether the file of the Secret is requested, and up to date. */
  readonly secretManifest: "unwanted" | "current" | "outdated";
  /** Variables that the file of the controller must have, such as its token. */
  readonly accountVariables: Variables;
}

/** The secrets of the Worker. `secret bulk` sets both in one new version. */
export const WORKER_SECRETS = ["EDGRESS_DECRYPTION_KEY", "EDGRESS_STATUS_TOKEN"] as const;

/** Returns the steps in an order that is safe to interrupt. */
export function planInit(state: InitState): readonly InitStep[] {
  const { secretManifest } = state;
  const steps = [
    planNamespace(state),
    planSigningKey(state),
    planDeployment(state),
    planSecrets(state),
    planVariables(state),
  ];
  if (secretManifest === "unwanted") return steps;
  const isCurrent = secretManifest === "current" && steps.every(({ type, isDone }) => type === "deploy" || isDone);
  return [...steps, step("secret-manifest", isCurrent, "Kubernetes Secret with the controller's variables")];
}

/** Returns a problem of one line if the account has a set-up of this name that the folder does not know. */
export function findForeignWorker({
  worker,
  variables,
  settings,
}: Pick<InitState, "worker" | "variables" | "settings">): string | undefined {
  if (!worker) return undefined;
  const verifyingKey = readVariable(worker, "EDGRESS_VERIFYING_KEY");
  if (verifyingKey === undefined)
    return `Worker is not of edgress: ${settings.script}. Choose another name with --name, or delete it`;
  const publicKey = readPublicKey(variables.EDGRESS_SIGNING_KEY ?? "");
  if (publicKey !== undefined && verifyingKey.split(",").includes(publicKey)) return undefined;
  return `Worker belongs to another set-up: ${settings.script} accepts the key ${verifyingKey}. Use the folder of that set-up with --dir, or choose another name with --name`;
}

function planNamespace({ settings, namespace, namespaceContent }: InitState): InitStep {
  if (!namespace) return step("namespace", false, `KV namespace ${settings.namespaceTitle}`);
  if (settings.namespaceId === namespace.id) return step("namespace", true, `KV namespace ${namespace.title}`);
  const content = namespaceContent ? `, ${describeContent(namespaceContent)}` : "";
  return step("adopt-namespace", false, `use the existing KV namespace ${namespace.title} (${namespace.id}${content})`);
}

function planSigningKey({ variables }: InitState): InitStep {
  return step("signing-key", Boolean(variables.EDGRESS_SIGNING_KEY), "signing key of the controller");
}

function planDeployment({ settings, namespace, worker, build }: InitState): InitStep {
  const { script } = settings;
  if (!worker) return step("deploy", false, `Worker ${script}: deploy ${build}`);
  const deployedBuild = readVariable(worker, "EDGRESS_BUILD") ?? "unknown";
  const changes = [
    ...(deployedBuild === build ? [] : [`version ${deployedBuild} → ${build}`]),
    ...listMissingBindings(worker, { ...settings, namespaceId: namespace?.id }).map((name) => `binding ${name}`),
    ...(readVariable(worker, "EDGRESS_VERIFYING_KEY") === settings.verifyingKeys.join(",") ? [] : ["verifying keys"]),
    ...(isExposed(worker) ? ["workers.dev off"] : []),
  ];
  if (changes.length === 0) return step("deploy", true, `Worker ${script} ${build}`);
  return step("deploy", false, `Worker ${script}: deploy again (${changes.join(", ")})`);
}

function isExposed({ exposure }: WorkerFacts): boolean {
  return exposure.ok && (exposure.value.isEnabled || exposure.value.hasPreviews);
}

function planSecrets({ worker, variables }: InitState): InitStep {
  const missing = listMissingSecrets(worker, variables);
  if (missing.length === 0) return step("secrets", true, "secrets of the Worker");
  return step("secrets", false, `secrets of the Worker: ${missing.join(", ")}`);
}

/**
 * Returns the secrets to set. The Worker shows no values, so a secret counts only together with the controller's half,
 * which is written after it.
 */
export function listMissingSecrets(
  worker: WorkerFacts | undefined,
  variables: Variables,
): readonly (typeof WORKER_SECRETS)[number][] {
  const names = worker ? listSecretNames(worker) : [];
  const hasDecryptionKey = listKeySlots(names).length > 0 && Boolean(variables.EDGRESS_ENCRYPTION_KEY);
  const hasStatusToken = names.includes("EDGRESS_STATUS_TOKEN") && Boolean(variables.EDGRESS_STATUS_TOKEN);
  return WORKER_SECRETS.filter((name) => !(name === "EDGRESS_STATUS_TOKEN" ? hasStatusToken : hasDecryptionKey));
}

function planVariables({ variables, accountVariables, namespace }: InitState): InitStep {
  const changed = Object.entries(accountVariables).filter(([name, value]) => variables[name] !== value);
  const hasNamespace = namespace !== undefined && variables.EDGRESS_KV_NAMESPACE_ID === namespace.id;
  const isDone = changed.length === 0 && hasNamespace && Boolean(variables.EDGRESS_ENCRYPTION_KEY);
  return step("variables", isDone, "variables of the controller");
}

function step(type: InitStep["type"], isDone: boolean, description: string): InitStep {
  return { type, isDone, description };
}
