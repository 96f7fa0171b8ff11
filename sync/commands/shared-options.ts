import type { Command } from "commander";
import { toPrintableText } from "../runtime/printable-text.ts";
import { parseNames } from "./option-parsers.ts";

export const PERMITS_HELP = "permits file: allowed hosts, paths and origins per namespace";
export const NAMESPACE_HELP = "namespace of the Lease and ConfigMaps (default: POD_NAMESPACE or the kubeconfig's)";

/** Adds the options that select Ingresses, and with `withManifests` the folder of manifests. */
export function addClassOptions(command: Command, withManifests = true): Command {
  if (withManifests)
    command.requiredOption("--manifests <folder>", "folder of YAML or JSON manifests, with subfolders");
  return command
    .option("--ingress-class <name>", "class of the Ingresses to serve", "edgress")
    .option("--controller <name>", "spec.controller of the IngressClasses to serve", "edgress.dev/ingress-controller")
    .option("--watch-ingress-without-class", "serve Ingresses without a class too", false)
    .option("--exclusive-hosts", "give each host to the namespace of its oldest Ingress", false)
    .option(
      "--allowed-response-headers <names>",
      "headers that custom-headers may set, comma-separated",
      parseNames,
      [],
    );
}

/** Prints a line without control characters. */
export function print(line: string): void {
  console.log(toPrintableText(line));
}

/** Returns a signal that aborts on Ctrl-C or SIGTERM. A second one ends the process at once. */
export function abortOnSignal(): AbortSignal {
  const shutdown = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => shutdown.abort());
  return shutdown.signal;
}
