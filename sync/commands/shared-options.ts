import { type Command, Option } from "commander";
import { toPrintableText } from "../runtime/printable-text.ts";
import { PUBLICATION_FORMATS } from "../runtime/publication-format.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { addCompileOptions } from "./compile-options.ts";
import { parseWholeNumber } from "./option-parsers.ts";

export const MANIFESTS_HELP = "file or folder of manifests; - for standard input";
export const NAMESPACE_HELP = "namespace of the Lease and ConfigMaps (default: POD_NAMESPACE or the kubeconfig's)";

/** Adds the options that select Ingresses, and with `withManifests` the path of manifests. */
export function addClassOptions(command: Command, withManifests = true): Command {
  if (withManifests) command.requiredOption("-f, --manifests <path>", MANIFESTS_HELP);
  command
    .option("--ingress-class <name>", "class of the Ingresses to serve", "edgress")
    .option("--controller <name>", "spec.controller of the IngressClasses to serve", "edgress.dev/ingress-controller")
    .option("--watch-ingress-without-class", "serve Ingresses without a class too", false);
  return addCompileOptions(command);
}

export function createFormatOption(description: string): Option {
  return new Option("--format <format>", description).choices(PUBLICATION_FORMATS).default("text");
}

/** Adds the options of the mass-deletion guard. */
export function addDeletionLimits(command: Command): Command {
  return command
    .option(
      "--max-removed-hosts <number>",
      "keep the hosts of a namespace that loses more than this",
      parseWholeNumber,
      10,
    )
    .option("--allow-mass-deletion", "never block the removal of hosts or routes", false);
}

/** If exit code 2 means changes, an invalid environment or folder must end with another code. */
export async function withoutUsageErrors(run: Promise<number>): Promise<number> {
  return run.catch((error: unknown) => {
    throw error instanceof UsageError ? new Error(error.message) : error;
  });
}

/** Prints a line without control characters. */
export function print(line: string): void {
  console.log(toPrintableText(line));
}

/** Returns a signal that aborts on Ctrl-C or SIGTERM, with that name as reason. A second one ends the process at once. */
export function abortOnSignal(): AbortSignal {
  const shutdown = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => shutdown.abort(signal));
  return shutdown.signal;
}
