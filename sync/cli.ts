#!/usr/bin/env node
import { isIP } from "node:net";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { expectPackage } from "./commands/optional-package.ts";
import { UsageError } from "./commands/usage-error.ts";
import { generateEncryptionKeys } from "./publish/encrypt-secrets.ts";
import { generateSigningKeys } from "./publish/sign-manifest.ts";

const USAGE_EXIT_CODE = 2;

const program = new Command("edgress")
  .description("Kubernetes ingress controller with Cloudflare's edge as data plane")
  .version(packageJson.version)
  .exitOverride()
  .configureOutput({ outputError: () => {} });

addClassOptions(program.command("dev"))
  .description("Runs the whole line on this machine over a folder of manifests")
  .option("--http-port <port>", "port of the local edge for http; 0 picks a free one", parsePort, 8080)
  .option("--https-port <port>", "port of the local edge for https; 0 picks a free one", parsePort, 8443)
  .option("--zone <domain...>", "a domain of the local account; without it, it answers for every domain", [])
  .option("--echo-origins", "starts an echo origin for every Service, and reaches no other address", false)
  .action(async ({ zone, ...options }) => {
    expectPackage("dev", "miniflare", packageJson.peerDependencies.miniflare);
    const { runDev } = await import("./commands/dev.ts");
    await runDev({ ...options, zones: zone }, print, abortOnSignal());
  });

addClassOptions(program.command("explain"))
  .description("Says what the edge would do with a request, and why")
  .argument("<url>", "the URL as a client writes it")
  .option("-X, --method <method>", "the method", "GET")
  .option("-H, --header <header>", "a header, `Name: value`; may be given again", appendValue, [])
  .option("--zone <domain...>", "a domain of the account; without it, it answers for every domain", [])
  .option("--json", "prints JSON", false)
  .action(async (url, { zone, ...options }) => {
    const { runExplain } = await import("./commands/explain.ts");
    for (const line of await runExplain(url, { ...options, zones: zone })) print(line);
  });

addClassOptions(program.command("lint"), false)
  .description("Says what would become of manifests: what is the same, what differs, what cannot be had")
  .argument("<folder>", "folder of manifests, subfolders included; - reads standard input")
  .option("--zone <domain...>", "a domain of the account; without it, it answers for every domain", [])
  .option("--json", "prints JSON")
  .option("--sarif", "prints SARIF 2.1.0, for code hosts")
  .option("--junit", "prints JUnit's XML, for CI")
  .action(async (folder, { zone, ...options }) => {
    const { runLint } = await import("./commands/lint.ts");
    const { lines, hint, exitCode } = await runLint(folder, { ...options, zones: zone }, process.stdin);
    for (const line of lines) print(line);
    if (hint) console.error(`edgress: ${hint}`);
    process.exitCode = exitCode;
  });

addClassOptions(program.command("publish"))
  .description("Compiles a folder of manifests and publishes it to a Cloudflare account, once")
  .option("--permits <file>", "which namespaces may claim what, and what may be an origin: a file")
  .option("--take-ownership", "publishes to a KV namespace of a cluster whose sync job was stopped", false)
  .action(async (options) => {
    const { runPublish } = await import("./commands/publish.ts");
    process.exitCode = await runPublish(options, process.env, print);
  });

addClassOptions(program.command("sync"), false)
  .description("Keeps the edge in step with a Kubernetes cluster")
  .option("--watch-namespace <name...>", "namespaces to watch; without it, all", [])
  .option("--ingress-selector <labels>", "takes only Ingresses with these labels, as kubectl writes them", "")
  .option("--permits <file>", "which namespaces may claim what, and what may be an origin: a file")
  .option(
    "--permits-config-map <name>",
    "the same in a ConfigMap, under permits.yaml: namespace/name, or a name in --namespace",
  )
  .option("--debounce <seconds>", "how long it must be quiet after a change", parseSeconds, 1)
  .option("--debounce-max <seconds>", "how long to wait for that at most", parseSeconds, 10)
  .option(
    "--resync-interval <seconds>",
    "how often to look at what is published when nothing changes",
    parseSeconds,
    60,
  )
  .option("--readiness-timeout <seconds>", "not ready when no round has succeeded for so long", parseSeconds, 300)
  .option(
    "--max-removed-hosts <number>",
    "holds back rounds that take the last route of more hosts",
    parseWholeNumber,
    10,
  )
  .option("--allow-mass-deletion", "holds back no round", false)
  .option(
    "--publish-status-address <address...>",
    "host names or addresses of the edge, for the Ingresses' status",
    parseAddress,
    [],
  )
  .option("--take-ownership", "publishes to a KV namespace that belongs to another cluster", false)
  .option("--namespace <name>", "where its Lease and ConfigMaps lie; POD_NAMESPACE, or the kubeconfig's")
  .option("--lease-name <name>", "the Lease that says who publishes", "edgress")
  .option("--health-port <port>", "port of /healthz, /readyz and /metrics; 0 picks a free one", parsePort, 10254)
  .option("--once", "one round, and ends with 1 where not everything was published", false)
  .option("--dry-run", "says what a round would do, and does nothing of it", false)
  .addOption(
    new Option("--log-level <level>", "the least that is logged")
      .choices(["debug", "info", "warn", "error"])
      .default("info"),
  )
  .action(async ({ permits, permitsConfigMap, ...options }) => {
    const { runSync } = await import("./commands/sync.ts");
    const permitsLocation = parsePermitsLocation(permits, permitsConfigMap, options.namespace);
    process.exitCode = await runSync({ ...options, permits: permitsLocation }, process.env, print, abortOnSignal());
  });

program
  .command("approve")
  .description("Shows what the sync job holds back, since it would remove much; with its id, confirms it")
  .argument("[id]", "the id of what is held back")
  .option("--namespace <name>", "where the sync job runs; POD_NAMESPACE, or the kubeconfig's")
  .action(async (id, options) => {
    const { runApprove } = await import("./commands/approve.ts");
    await runApprove(id, options, print);
  });

program
  .command("keys")
  .description("Makes the keys that manifests are signed and verified with, and secrets sealed and opened with")
  .action(() => {
    const { privateKey, publicKey } = generateSigningKeys();
    print(`EDGRESS_SIGNING_KEY=${privateKey}`);
    print(`EDGRESS_VERIFYING_KEY=${publicKey}`);
    const encryptionKeys = generateEncryptionKeys();
    print(`EDGRESS_ENCRYPTION_KEY=${encryptionKeys.publicKey}`);
    print(`EDGRESS_DECRYPTION_KEY=${encryptionKeys.privateKey}`);
  });

await program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const isUsageError = error instanceof CommanderError || error instanceof UsageError;
  // Without a command the help was printed already.
  const isHelpPrinted = error instanceof CommanderError && error.code === "commander.help";
  if (!isHelpPrinted) console.error(`edgress: ${formatErrorLine(error)}`);
  process.exitCode = isUsageError ? USAGE_EXIT_CODE : 1;
});

/** An error as one line, whatever its kind: what a log or a CI job shows of it. */
function formatErrorLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message
    .replace(/^error: /, "")
    .replace(/\s+/g, " ")
    .trim();
}

function addClassOptions(command: Command, withManifests = true): Command {
  if (withManifests) {
    command.requiredOption("--manifests <folder>", "folder of manifests, YAML or JSON, subfolders included");
  }
  return command
    .option("--ingress-class <name>", "the class that Ingresses name", "edgress")
    .option("--controller <name>", "spec.controller of our IngressClasses", "edgress.dev/ingress-controller")
    .option("--watch-ingress-without-class", "takes Ingresses that name no class too", false)
    .option(
      "--allowed-response-headers <names>",
      "headers that custom-headers may set, comma separated",
      parseNames,
      [],
    );
}

function print(line: string): void {
  console.log(line);
}

function parsePort(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65535) return number;
  throw new InvalidArgumentError("expected a port from 0 to 65535");
}

function parseSeconds(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && number <= 86_400) return number;
  throw new InvalidArgumentError("expected seconds from 0 to 86400");
}

function parseWholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
}

/** What the API server takes in a status: an IP address, or a host name in lower case. */
function parseAddress(text: string, addresses: readonly string[]): string[] {
  if (isIP(text) || /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text))
    return [...addresses, text];
  throw new InvalidArgumentError("expected an IP address, or a host name in lower case");
}

function parsePermitsLocation(file: string | undefined, configMap: string | undefined, namespace: string | undefined) {
  if (file !== undefined && configMap !== undefined)
    throw new UsageError("--permits and --permits-config-map are two places for one thing: give one of them");
  if (file !== undefined) return { type: "file", path: file } as const;
  if (configMap === undefined) return { type: "none" } as const;
  const [name = "", configMapNamespace = namespace ?? process.env.POD_NAMESPACE ?? "default"] = configMap
    .split("/")
    .toReversed();
  return { type: "ConfigMap", namespace: configMapNamespace, name } as const;
}

function parseNames(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

function appendValue(text: string, values: string[]): string[] {
  return [...values, text];
}

/** Aborted by Ctrl-C or SIGTERM; a second one ends the process at once. */
function abortOnSignal(): AbortSignal {
  const shutdown = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => shutdown.abort());
  return shutdown.signal;
}
