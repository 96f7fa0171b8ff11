import type { DeployedWorker } from "../../cloudflare/scripts.ts";
import type { ApiAnswer } from "../api-answer.ts";
import type { AccountFacts, WorkerFacts } from "../facts.ts";
import { listKeySlots } from "../keys/key-slots.ts";
import type { SetupSettings } from "../settings.ts";
import { DURABLE_OBJECTS } from "../worker/wrangler-config.ts";
import { type CheckResult, check } from "./check.ts";

const INIT_REMEDY = "Run `edgress init`";

/** Checks the deployed Worker: version, bindings, secrets, and whether it is reachable without a zone. */
export function checkWorker(
  { worker }: Pick<AccountFacts, "worker">,
  settings: SetupSettings,
  build: string,
): readonly CheckResult[] {
  const report = check("worker");
  const { script } = settings;
  if (!worker.ok) return [report.skipped(`Worker was not read: ${worker.problem}`, script)];
  if (!worker.value) return [report.error("Worker is not deployed", INIT_REMEDY, script)];
  return [
    checkBuild(worker.value, script, build),
    ...checkBindings(worker.value, settings),
    ...checkSecrets(worker.value, script),
    checkExposure(worker.value, script),
    ...checkShares(worker.value.shares, script),
  ];
}

function checkBuild(worker: DeployedWorker, script: string, build: string): CheckResult {
  const report = check("worker");
  const deployedBuild = readVariable(worker, "EDGRESS_BUILD") ?? "unknown";
  if (deployedBuild === build) return report.ok(`Worker is deployed: ${build}`, script);
  return report.warning(`Worker has another version: ${deployedBuild}, not ${build}`, INIT_REMEDY, script);
}

function checkBindings(worker: DeployedWorker, settings: SetupSettings): readonly CheckResult[] {
  const report = check("worker-bindings");
  const missing = listMissingBindings(worker, settings);
  if (missing.length === 0) return [report.ok("Worker has its bindings", settings.script)];
  return missing.map((name) =>
    report.error(`Worker has no binding, or another one: ${name}`, INIT_REMEDY, settings.script),
  );
}

/** Returns the names of the bindings that the settings require and the Worker does not have. */
export function listMissingBindings(worker: DeployedWorker, settings: SetupSettings): readonly string[] {
  const wanted = [
    ["kv_namespace", "RULES", settings.namespaceId],
    ...Object.entries(DURABLE_OBJECTS).map(([name, value]) => ["durable_object_namespace", name, value]),
    ["plain_text", "EDGRESS_KV_NAMESPACE_ID", settings.namespaceId],
  ];
  const hasBinding = ([type, name, value]: readonly (string | undefined)[]) =>
    worker.bindings.some((binding) => binding.type === type && binding.name === name && binding.value === value);
  const missing = wanted.filter((binding) => !hasBinding(binding)).map(([, name]) => name ?? "");
  const hasAnalytics = worker.bindings.some(({ name }) => name === "ANALYTICS");
  return settings.analytics && !hasAnalytics ? [...missing, "ANALYTICS"] : missing;
}

/** What the Worker cannot do without a secret. */
const SECRETS = {
  EDGRESS_DECRYPTION_KEY: "paths with an auth-secret return 503",
  EDGRESS_STATUS_TOKEN: "the controller cannot read which generation the edge serves",
} as const;

function checkSecrets(worker: DeployedWorker, script: string): readonly CheckResult[] {
  const report = check("worker-secrets");
  const names = listSecretNames(worker);
  const missing = [
    ...(listKeySlots(names).length === 0 ? (["EDGRESS_DECRYPTION_KEY"] as const) : []),
    ...(names.includes("EDGRESS_STATUS_TOKEN") ? [] : (["EDGRESS_STATUS_TOKEN"] as const)),
  ];
  if (missing.length === 0) return [report.ok(`Worker has the secrets ${names.toSorted().join(", ")}`, script)];
  return missing.map((name) => report.error(`Worker has no secret ${name}: ${SECRETS[name]}`, INIT_REMEDY, script));
}

/** Returns the names of the Worker's secrets. */
export function listSecretNames({ bindings }: Pick<DeployedWorker, "bindings">): readonly string[] {
  return bindings.filter(({ type }) => type === "secret_text").map(({ name }) => name);
}

/** Returns the text of a Worker's variable. */
export function readVariable({ bindings }: Pick<DeployedWorker, "bindings">, variable: string): string | undefined {
  return bindings.find(({ type, name }) => type === "plain_text" && name === variable)?.value;
}

function checkExposure({ exposure }: WorkerFacts, script: string): CheckResult {
  const report = check("workers-dev");
  if (!exposure.ok) return report.skipped(`workers.dev was not read: ${exposure.problem}`, script);
  const { isEnabled, hasPreviews } = exposure.value;
  if (!isEnabled && !hasPreviews) return report.ok("Worker is not reachable on workers.dev", script);
  return report.error(
    `Worker is reachable on workers.dev${isEnabled ? "" : " (preview URLs)"}: requests bypass WAF and Access of the zone`,
    "Run `edgress init`, or disable workers.dev and preview URLs in the dashboard",
    script,
  );
}

function checkShares(shares: ApiAnswer<readonly number[]>, script: string): readonly CheckResult[] {
  if (!shares.ok || shares.value.length <= 1) return [];
  return [
    check("worker-deployment").warning(
      `a gradual deployment is in progress: ${shares.value.map((share) => `${share} %`).join(", ")}`,
      "Finish it before `edgress init` or `edgress keys rotate`, because secrets cannot be changed during it",
      script,
    ),
  ];
}
