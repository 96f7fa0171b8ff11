import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKv } from "../../cloudflare/kv.ts";
import { createEdgeClient } from "../../edge/edge-client.ts";
import { NO_FENCE } from "../../publish/guard/write-fence.ts";
import { createRegistryStore } from "../../publish/hosts/registry-store.ts";
import { createSigner, createVerifier } from "../../publish/sign-manifest.ts";
import type { Terminal } from "../../runtime/terminal.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { readPublicKey } from "../../setup/checks/key-checks.ts";
import { readWorker } from "../../setup/facts.ts";
import { readPublication } from "../../setup/keys/publication.ts";
import { findRotationStep, type RotationState, type RotationStep } from "../../setup/keys/rotation.ts";
import { readVariables } from "../../setup/keys/variable-file.ts";
import { readSettings } from "../../setup/settings.ts";
import { findForeignWorker } from "../../setup/steps/plan-init.ts";
import { runRotationStep } from "../../setup/steps/run-rotation.ts";
import type { Environment } from "../help/environment-variables.ts";
import { loadSession } from "./check.ts";
import type { Prompts } from "./prompts.ts";
import { describeRotationStep, formatRestartCommands } from "./rotation-text.ts";
import { callWrangler, type SetupOptions, type SetupSession } from "./setup-session.ts";

export interface RotateOptions extends SetupOptions {
  readonly edgeUrl: string | undefined;
  /** Seconds for KV to reach every location. */
  readonly settle: number;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

const MORE_TO_DO_EXIT_CODE = 2;
const EDGE_TIMEOUT_MS = 120_000;
/** A deployment is everywhere after up to 30 s. */
const DEPLOYMENT_SETTLE_MS = 30_000;
const POLL_INTERVAL_MS = 1000;

/**
 * Rotates the keys as far as possible. Resolves with 2 if the controller must be restarted, and with 0 at the end. The step is
 * read from account, edge and files each time, so an interrupted rotation goes on.
 */
export async function runRotate(
  options: RotateOptions,
  environment: Environment,
  terminal: Terminal,
  prompts: Prompts | undefined,
): Promise<number> {
  const session = await loadSession(options, environment);
  const print = (line: string) => terminal.print(options.json ? JSON.stringify({ event: line }) : line);
  for (let isFirst = true; ; isFirst = false) {
    const state = await readRotationState(session, options);
    const step = findRotationStep(state);
    print(describeRotationStep(step));
    if (options.dryRun) return MORE_TO_DO_EXIT_CODE;
    if (isFirst) await confirmRotation(options, prompts);
    if (step.type === "restart-controller") {
      for (const line of formatRestartCommands(relative(process.cwd(), session.files.controllerVariables))) print(line);
      return MORE_TO_DO_EXIT_CODE;
    }
    await runStep(step, state, session, options);
    if (step.type === "finish") return 0;
  }
}

async function confirmRotation({ yes }: RotateOptions, prompts: Prompts | undefined): Promise<void> {
  if (!yes && !(await prompts?.confirm("Go on?"))) throw new UsageError("nothing was changed. Set --yes");
}

async function runStep(
  step: Exclude<RotationStep, { type: "restart-controller" }>,
  state: RotationState,
  session: SetupSession,
  options: RotateOptions,
): Promise<void> {
  if (step.type === "settle") return sleep(Math.min(step.remainingMs, POLL_INTERVAL_MS * 10));
  const confirmed = step.type === "confirm-edge" ? await waitForConfirmation(session, options) : undefined;
  await runRotationStep(confirmed ?? step, state, {
    files: session.files,
    environment: options.environment,
    script: session.script,
    spawnWrangler: (call) => callWrangler(session, call),
    renewRegistries: () => renewRegistries(session, state),
  });
}

/** Signs the registries of hosts that no controller manages any more. Those of others have our signature by now. */
async function renewRegistries({ client, credentials }: SetupSession, { settings, variables }: RotationState) {
  const kv = createKv(client, credentials.accountId, settings.namespaceId ?? "");
  const signer = createSigner(variables.EDGRESS_SIGNING_KEY ?? "");
  const verifier = createVerifier((variables.EDGRESS_VERIFYING_KEY ?? signer.publicKey).split(","));
  await createRegistryStore(kv, signer, verifier).renewSignatures(NO_FENCE);
}

/** Waits until the edge accepts the new keys, and then until every location has the deployment. */
async function waitForConfirmation(session: SetupSession, options: RotateOptions) {
  const deadline = Date.now() + EDGE_TIMEOUT_MS;
  for (;;) {
    const step = findRotationStep(await readRotationState(session, options));
    if (step.type === "confirm-edge" && step.isConfirmed) {
      await sleep(Math.min(DEPLOYMENT_SETTLE_MS, options.settle * 1000));
      return step;
    }
    if (Date.now() > deadline)
      throw new Error("edge does not accept the new keys after 120 s. Check --edge-url, and run the command again");
    await sleep(POLL_INTERVAL_MS);
  }
}

async function readRotationState(session: SetupSession, options: RotateOptions): Promise<RotationState> {
  const { files, client, credentials } = session;
  const settings = (await readSettings(files.folder, options.environment)) ?? session.settings;
  const variables = await readVariables(files.controllerVariables);
  const edgeUrl = options.edgeUrl ?? settings.edgeUrl;
  if (edgeUrl === undefined) throw new UsageError("--edge-url is not set: the edge must confirm the new keys. Set it");
  const worker = await readWorker(client, credentials.accountId, settings.script);
  const publicKey = readPublicKey(variables.EDGRESS_SIGNING_KEY ?? "");
  if (!worker || publicKey === undefined || settings.namespaceId === undefined)
    throw new UsageError("set-up is not complete. Run `edgress init` first");
  const foreign = findForeignWorker({ worker, variables, settings });
  if (foreign !== undefined) throw new UsageError(foreign);
  return {
    settings,
    variables,
    next: await readVariables(files.nextKeys),
    worker,
    edge: await createEdgeClient(edgeUrl, variables.EDGRESS_STATUS_TOKEN ?? "").readStatus(),
    publication: await readPublication(createKv(client, credentials.accountId, settings.namespaceId), publicKey),
    now: Date.now(),
    settleMs: options.settle * 1000,
  };
}
