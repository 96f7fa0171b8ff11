import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  type LocalCloudflare,
  type LocalCloudflareOptions,
  startLocalCloudflare,
} from "../../../sync/local/local-cloudflare.ts";
import { RAISED_CALL_LIMIT } from "../account/call-limit.ts";
import { CLI_ENTRY, type CommandResult, NODE } from "../cli/edge-cli.ts";

/** A local Cloudflare whose edge runs the deployed Worker, and a folder of an operator. */
export interface SetupWorld {
  readonly cloudflare: LocalCloudflare;
  /** The operator's folder, without a set-up. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs `edgress` in the folder, with the account's token and id. */
  run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<CommandResult>;
  close(): Promise<void>;
}

/** Starts the world. Nothing is deployed at first. */
export async function startSetupWorld(
  options: Partial<LocalCloudflareOptions> = {},
  script = "edgress",
): Promise<SetupWorld> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-world-"));
  const cloudflare = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com"],
    worker: { deployed: script },
    variables: {},
    log: () => {},
    loopbackOnly: true,
    account: { callLimit: RAISED_CALL_LIMIT, namespaces: [] },
    ...options,
  });
  const { account } = cloudflare;
  const environment = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    CLOUDFLARE_API_TOKEN: account.token,
  };
  return {
    cloudflare,
    folder,
    environment,
    run: (args, changes = {}) => runIn(folder, args, { ...environment, ...changes }),
    async close() {
      await cloudflare.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function runIn(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const child = spawn(NODE, [CLI_ENTRY, ...args], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exit) as [number | null];
  return { code, stdout, stderr };
}
