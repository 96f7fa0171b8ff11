import type { Command } from "commander";
import { PERMITS_HELP, ZONE_HELP } from "./compile-options.ts";
import { formatVariableHelp } from "./help/environment-variables.ts";
import { appendValue } from "./option-parsers.ts";
import { addClassOptions, MANIFESTS_HELP, print } from "./shared-options.ts";

export function addExplain(program: Command): void {
  addClassOptions(program.command("explain"), false)
    .description("Explain how the edge handles a request")
    .argument("<url>", "URL of the request; without scheme, https if the host has TLS")
    .option("-f, --manifests <path>", MANIFESTS_HELP)
    .option("--live", "explain the cluster of the kubeconfig", false)
    .option("--published", "explain the published rules in KV", false)
    .option("-X, --method <method>", "method of the request", "GET")
    .option("-H, --header <header>", "header of the request, `Name: value`; repeatable", appendValue, [])
    .option("--permits <file>", PERMITS_HELP)
    .option("--zone <domain...>", ZONE_HELP, [])
    .option("--all-diagnostics", "show the diagnostics of every Ingress of the host", false)
    .option("--json", "print JSON", false)
    .addHelpText("after", formatVariableHelp("explain"))
    .action(async (url, { zone, ...options }) => {
      const { runExplain } = await import("./inspection/explain.ts");
      for (const line of await runExplain(url, { ...options, zones: zone }, process.env)) print(line);
    });
}
