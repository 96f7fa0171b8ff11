import { type Command, Option } from "commander";
import { generateEncryptionKeys } from "../../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../publish/sign-manifest.ts";
import { openTerminal, type Terminal } from "../../runtime/terminal.ts";
import { ENVIRONMENTS } from "../../setup/folder.ts";
import { formatVariableHelp } from "../help/environment-variables.ts";
import { parseSeconds } from "../option-parsers.ts";
import { print } from "../shared-options.ts";
import { readTerminal } from "../terminal.ts";
import { openPrompts } from "./prompts.ts";

const EDGE_URL_HELP = "https URL of a host of the Worker, for a request through the edge";
const DRY_RUN_HELP = "print what would change, and change nothing; exit code 2 for changes";

/** Adds the command `init`. */
export function addInit(program: Command): void {
  addSetupOptions(program.command("init"))
    .description("Set up a Cloudflare account: checks, KV namespace, keys, Worker")
    .option("--name <name>", "name of the Worker (default: edgress; staging adds -staging)")
    .option("--zone <domain...>", "zones to check; all that the token sees if not set", [])
    .option("--analytics", "count requests in Analytics Engine, for staged roll-outs")
    .option("--no-analytics", "count no requests")
    .option("--edge-url <url>", EDGE_URL_HELP)
    .option("--adopt-namespace", "use an existing KV namespace with the same title", false)
    .option("--secret-manifest", "write a Kubernetes Secret with the controller's variables", false)
    .option("--secret-namespace <name>", "namespace of the Kubernetes Secret", "edgress")
    .option("--show-keys", "print the controller's variables, keys included", false)
    .option("--yes", "make the changes without asking", false)
    .option("--dry-run", DRY_RUN_HELP, false)
    .addHelpText("after", formatVariableHelp("init"))
    .action(async ({ zone, ...options }) => {
      const { runInit } = await import("./init.ts");
      process.exitCode = await runInit({ ...options, zones: zone }, process.env, openOutput(), openInput());
    });
}

/** Adds the command `check`. */
export function addCheck(program: Command): void {
  addSetupOptions(program.command("check"))
    .description("Check the account, the Worker, the keys and the edge; exit code 1 for errors")
    .option("--zone <domain...>", "zones to check; those of `edgress init` if not set", [])
    .option("--edge-url <url>", EDGE_URL_HELP)
    .addHelpText("after", formatVariableHelp("setup"))
    .action(async ({ zone, ...options }) => {
      const { runCheck } = await import("./check.ts");
      process.exitCode = await runCheck({ ...options, zones: zone }, process.env, openOutput());
    });
}

/** Adds the command `keys`, with `keys rotate`. */
export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .description("Generate the keys for signing manifests and encrypting secrets, or rotate them")
    .action(printKeys);
  addSetupOptions(keys.command("rotate"))
    .description("Replace the keys of controller and Worker without a failed request; run it again to go on")
    .option("--edge-url <url>", EDGE_URL_HELP)
    .option("--settle <seconds>", "time for KV to reach every location", parseSeconds, 600)
    .option("--yes", "make the changes without asking", false)
    .option("--dry-run", DRY_RUN_HELP, false)
    .addHelpText("after", formatVariableHelp("setup"))
    .action(async (options) => {
      const { runRotate } = await import("./rotate.ts");
      process.exitCode = await runRotate(options, process.env, openOutput(), openInput());
    });
}

function printKeys(): void {
  const { privateKey, publicKey } = generateSigningKeys();
  print(`EDGRESS_SIGNING_KEY=${privateKey}`);
  print(`EDGRESS_VERIFYING_KEY=${publicKey}`);
  const encryptionKeys = generateEncryptionKeys();
  print(`EDGRESS_ENCRYPTION_KEY=${encryptionKeys.publicKey}`);
  print(`EDGRESS_DECRYPTION_KEY=${encryptionKeys.privateKey}`);
}

/** Adds the command `uninstall`. */
export function addUninstall(program: Command): void {
  addSetupOptions(program.command("uninstall"))
    .description("Remove what edgress made in the account, and print it first")
    .option("--yes", "remove it without asking", false)
    .option("--dry-run", "print what would be removed, and remove nothing; exit code 2 for removals", false)
    .addHelpText("after", formatVariableHelp("setup"))
    .action(async (options) => {
      const { runUninstall } = await import("./uninstall.ts");
      process.exitCode = await runUninstall(options, process.env, openOutput(), openInput());
    });
}

function addSetupOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--environment <name>", "environment of the set-up").choices(ENVIRONMENTS).default("production"),
    )
    .option("--dir <folder>", "folder of the set-up, which Git ignores", ".edgress")
    .option("--json", "print JSON", false);
}

function openOutput(): Terminal {
  return openTerminal(process.stdout, readTerminal(process.stdout, process.env).useColors);
}

function openInput() {
  return openPrompts({ input: process.stdin, output: process.stdout });
}
