import type { Command } from "commander";
import { PERMITS_HELP, ZONE_HELP } from "./compile-options.ts";
import { formatVariableHelp } from "./help/environment-variables.ts";
import { appendValue, parsePermitsLocation } from "./option-parsers.ts";
import { addClassOptions, MANIFESTS_HELP, NAMESPACE_HELP, print } from "./shared-options.ts";

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

export function addStatus(program: Command): void {
  addClassOptions(program.command("status"), false)
    .description("Show cluster, KV and edge, and why something is not live")
    .argument(
      "[object]",
      "ingress/NAMESPACE/NAME, httproute/NAMESPACE/NAME, or NAMESPACE/NAME of an Ingress; everything if not set",
    )
    .option("--edge-url <url>", "https URL of a trusted host of the Worker")
    .option("--watch-namespace <name...>", "namespaces that the controller watches; all if not set", [])
    .option("--ingress-selector <labels>", "label selector for Ingresses of the controller", "")
    .option("--permits <file>", PERMITS_HELP)
    .option("--permits-config-map <name>", "ConfigMap with the permits in permits.yaml: [namespace/]name")
    .option("--namespace <name>", NAMESPACE_HELP)
    .option("--lease-name <name>", "name of the leader election Lease", "edgress")
    .option("--json", "print JSON", false)
    .addHelpText("after", `${STATUS_EXIT_CODES}\n${formatVariableHelp("status")}`)
    .action(async (ingress, { permits, permitsConfigMap, ...options }) => {
      const { runStatus } = await import("./inspection/status.ts");
      const permitsLocation = parsePermitsLocation(permits, permitsConfigMap, options.namespace);
      const { lines, exitCode } = await runStatus(ingress, { ...options, permits: permitsLocation }, process.env);
      for (const line of lines) print(line);
      process.exitCode = exitCode;
    });
}

const STATUS_EXIT_CODES = `
Exit codes:
  0  live
  1  not live, or KV was not read
  2  invalid option or argument`;
