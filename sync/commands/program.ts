import { Argument, Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { openTerminal } from "../runtime/terminal.ts";
import { addCheck, addInit, addKeys, addUninstall } from "./account/commands.ts";
import { ZONE_HELP } from "./compile-options.ts";
import { addConvert } from "./conversion/convert-command.ts";
import { formatCompletion, SHELLS } from "./help/completion.ts";
import { formatVariableHelp } from "./help/environment-variables.ts";
import { addExplain, addStatus } from "./inspection-commands.ts";
import { addLint } from "./lint-command.ts";
import { parsePort } from "./option-parsers.ts";
import { expectPackage } from "./optional-package.ts";
import { addPublications } from "./publications/publications-commands.ts";
import { addPublish, addSync } from "./publishing-commands.ts";
import { abortOnSignal, addClassOptions, MANIFESTS_HELP, print } from "./shared-options.ts";
import { readTerminal } from "./terminal.ts";

/** Creates the `edgress` command. Each subcommand loads its modules when it runs. */
export function createProgram(): Command {
  const program = new Command("edgress")
    .description("Kubernetes ingress controller with Cloudflare's edge as data plane")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", "\nThe help of each command lists its environment variables.");
  addInit(program);
  addCheck(program);
  addDev(program);
  addExplain(program);
  addLint(program);
  addConvert(program);
  addPublish(program);
  addSync(program);
  addPublications(program);
  addStatus(program);
  addApprove(program);
  addKeys(program);
  addUninstall(program);
  addCompletion(program);
  return program;
}

function addDev(program: Command): void {
  addClassOptions(program.command("dev").option("-f, --manifests <path>", MANIFESTS_HELP), false)
    .description("Run edgress locally from manifests, or as an account for other commands")
    .option("--http-port <port>", "port of the local edge for http; 0 for a free port", parsePort, 8080)
    .option("--https-port <port>", "port of the local edge for https; 0 for a free port", parsePort, 8443)
    .option("--zone <domain...>", ZONE_HELP, [])
    .option("--echo-origins", "start an echo origin per Service; reach no other address", false)
    .option("--account-port <port>", "port of the local account; publish nothing from here", parsePort)
    .option("--print-env", "print environment variables for the local account", false)
    .option("--verbose", "print each diagnostic, not one line per reason", false)
    .action(async ({ zone, ...options }) => {
      expectPackage("dev", "miniflare", packageJson.peerDependencies.miniflare);
      const { runDev } = await import("./dev.ts");
      const terminal = openTerminal(process.stdout, readTerminal(process.stdout, process.env).useColors);
      process.exitCode = await runDev({ ...options, zones: zone }, terminal, abortOnSignal());
    });
}

function addApprove(program: Command): void {
  program
    .command("approve")
    .description("Show a blocked mass deletion, or approve it by id")
    .argument("[id]", "id of the blocked deletion")
    .option("--namespace <name>", "namespace of the controller (default: POD_NAMESPACE or the kubeconfig's)")
    .addHelpText("after", formatVariableHelp("approve"))
    .action(async (id, options) => {
      const { runApprove } = await import("./approve.ts");
      await runApprove(id, options, print);
    });
}

function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("Print a script for the shell that completes commands and options")
    .addArgument(new Argument("<shell>", "shell of the script").choices(SHELLS))
    .action((shell) => print(formatCompletion(program, shell)));
}
