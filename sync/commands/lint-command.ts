import { Command, Option } from "commander";
import type { SourceController } from "../lint/input/class-selection.ts";
import { CLOUDFLARE_PLANS } from "../lint/knowledge/cloudflare-limits.ts";
import type { ReportFormat } from "../lint/reports/format-report.ts";
import { toPrintableText } from "../runtime/printable-text.ts";
import { addCompileOptions, PERMITS_HELP, ZONE_HELP } from "./compile-options.ts";
import { formatVariableHelp } from "./help/environment-variables.ts";
import type { FailOn } from "./lint.ts";
import { readTerminal } from "./terminal.ts";

// Types only, because a command loads its modules when it runs.
const FORMATS: readonly ReportFormat[] = ["text", "json", "markdown", "html", "sarif", "junit"];
const FAIL_ON: readonly FailOn[] = ["error", "warning", "never"];
const CONTROLLERS: readonly SourceController[] = ["ingress-nginx", "edgress"];

const EXIT_CODES = `
Exit codes:
  0  no finding as severe as --fail-on
  1  a finding as severe as --fail-on, which the baseline does not contain
  2  invalid option, path that is not readable, or nothing to check`;

/** Adds the command `lint`. */
export function addLint(program: Command): void {
  const command = createLintCommand().copyInheritedSettings(program);
  program.addCommand(command);
  command.action(async (paths, { zone, ...options }) => {
    const { runLint } = await import("./lint.ts");
    const terminal = readTerminal(process.stdout, process.env);
    const result = await runLint(paths, { ...options, zones: zone }, process.stdin, terminal);
    // Text is printable already, except for its colors.
    const isText = options.format === "text";
    for (const line of result.lines) console.log(isText ? line : toPrintableText(line));
    for (const warning of result.warnings) console.error(toPrintableText(`edgress: ${warning}`));
    process.exitCode = result.exitCode;
  });
}

/** Creates the command with its options, and without an action. */
export function createLintCommand(): Command {
  const command = new Command("lint")
    .description("Check Ingresses of ingress-nginx, and HTTPRoutes of edgress")
    .argument("[paths...]", "folders and files of manifests; - for standard input");
  addSelectionOptions(command);
  addInputOptions(command);
  addOutputOptions(command);
  return addCompileOptions(command).addHelpText("after", `${EXIT_CODES}\n${formatVariableHelp("lint")}`);
}

function addSelectionOptions(command: Command): void {
  command
    .addOption(
      new Option("--from <controller>", "check the Ingresses of this controller")
        .choices(CONTROLLERS)
        .default("ingress-nginx"),
    )
    .option("--ingress-class <name>", "check the Ingresses of this class instead")
    .option("--controller <name>", "spec.controller of the IngressClasses to check instead")
    .option("--watch-ingress-without-class", "check Ingresses without a class too, if a class is set");
}

function addInputOptions(command: Command): void {
  command
    .option("--live", "read missing objects from the cluster; all, without paths", false)
    .option("--strict", "report a missing object as an error", false)
    .option("--permits <file>", PERMITS_HELP)
    .addOption(new Option("--plan <plan>", "Cloudflare plan of the zone").choices(CLOUDFLARE_PLANS).default("free"))
    .option("--nginx-configmap <file>", "ConfigMap of ingress-nginx, if no manifest has it")
    .option("--zone <domain...>", ZONE_HELP, []);
}

function addOutputOptions(command: Command): void {
  command
    .addOption(new Option("--format <format>", "format of the report").choices(FORMATS).default("text"))
    .option("--summary", "print the summary only", false)
    .option("--write-services <folder>", "write manifests of the Services that need a change")
    .option("--verbose", "print every finding in full", false)
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 for findings as severe as this")
        .choices(FAIL_ON)
        .default("error"),
    )
    .option("--baseline <file>", "known findings, which do not fail the check")
    .option("--write-baseline <file>", "write the current findings as a baseline; exit with 0");
}
