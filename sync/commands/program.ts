import { Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { generateEncryptionKeys } from "../publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../publish/sign-manifest.ts";
import { toPrintableText } from "../runtime/printable-text.ts";
import { addCompileOptions, PERMITS_HELP, ZONE_HELP } from "./compile-options.ts";
import { addLint } from "./lint-command.ts";
import {
  appendAddress,
  appendValue,
  parsePermitsLocation,
  parsePort,
  parseSeconds,
  parseWholeNumber,
} from "./option-parsers.ts";
import { expectPackage } from "./optional-package.ts";

const NAMESPACE_HELP = "namespace of the Lease and ConfigMaps (default: POD_NAMESPACE or the kubeconfig's)";

/** Creates the `edgress` command. Each subcommand loads its modules when it runs. */
export function createProgram(): Command {
  const program = new Command("edgress")
    .description("Kubernetes ingress controller with Cloudflare's edge as data plane")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addDev(program);
  addExplain(program);
  addLint(program);
  addPublish(program);
  addSync(program);
  addApprove(program);
  addKeys(program);
  return program;
}

function addDev(program: Command): void {
  addClassOptions(program.command("dev"))
    .description("Run edgress locally from a folder of manifests")
    .option("--http-port <port>", "port of the local edge for http; 0 for a free port", parsePort, 8080)
    .option("--https-port <port>", "port of the local edge for https; 0 for a free port", parsePort, 8443)
    .option("--zone <domain...>", ZONE_HELP, [])
    .option("--echo-origins", "start an echo origin per Service; reach no other address", false)
    .action(async ({ zone, ...options }) => {
      expectPackage("dev", "miniflare", packageJson.peerDependencies.miniflare);
      const { runDev } = await import("./dev.ts");
      await runDev({ ...options, zones: zone }, print, abortOnSignal());
    });
}

function addExplain(program: Command): void {
  addClassOptions(program.command("explain"))
    .description("Explain how the edge handles a request")
    .argument("<url>", "URL of the request")
    .option("-X, --method <method>", "method of the request", "GET")
    .option("-H, --header <header>", "header of the request, `Name: value`; repeatable", appendValue, [])
    .option("--zone <domain...>", ZONE_HELP, [])
    .option("--json", "print JSON", false)
    .action(async (url, { zone, ...options }) => {
      const { runExplain } = await import("./explain.ts");
      for (const line of await runExplain(url, { ...options, zones: zone })) print(line);
    });
}

function addPublish(program: Command): void {
  addClassOptions(program.command("publish"))
    .description("Compile a folder of manifests and publish it once")
    .option("--permits <file>", PERMITS_HELP)
    .option("--take-ownership", "publish to the KV namespace of a stopped controller", false)
    .addOption(createMaxRemovedHostsOption())
    .addOption(createAllowMassDeletionOption())
    .action(async (options) => {
      const { runPublish } = await import("./publish.ts");
      process.exitCode = await runPublish(options, process.env, print);
    });
}

function addSync(program: Command): void {
  const command = addClassOptions(program.command("sync"), false)
    .description("Sync a Kubernetes cluster to the edge until it is stopped")
    .option("--watch-namespace <name...>", "namespaces to watch; all if not set", [])
    .option("--ingress-selector <labels>", "label selector for Ingresses, in kubectl's syntax", "")
    .option("--permits <file>", PERMITS_HELP)
    .option("--permits-config-map <name>", "ConfigMap with the permits in permits.yaml: [namespace/]name");
  addTimingOptions(command)
    .addOption(createMaxRemovedHostsOption())
    .addOption(createAllowMassDeletionOption())
    .option("--publish-status-address <address...>", "edge addresses for the Ingress status", appendAddress, [])
    .option("--take-ownership", "publish to a KV namespace that another cluster owns", false)
    .option("--namespace <name>", NAMESPACE_HELP)
    .option("--lease-name <name>", "name of the leader election Lease", "edgress")
    .option("--health-port <port>", "port of /healthz, /readyz and /metrics; 0 for a free port", parsePort, 10254)
    .option("--once", "run one sync, then exit; exit code 1 if it is incomplete", false)
    .option("--dry-run", "print the changes of one sync; write nothing", false)
    .addOption(
      new Option("--log-level <level>", "minimum log level")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(async ({ permits, permitsConfigMap, ...options }) => {
      const { runSync } = await import("./sync.ts");
      const permitsLocation = parsePermitsLocation(permits, permitsConfigMap, options.namespace);
      process.exitCode = await runSync({ ...options, permits: permitsLocation }, process.env, print, abortOnSignal());
    });
}

function createMaxRemovedHostsOption(): Option {
  return new Option("--max-removed-hosts <number>", "keep the hosts of a namespace that loses more than this")
    .argParser(parseWholeNumber)
    .default(10);
}

function createAllowMassDeletionOption(): Option {
  return new Option("--allow-mass-deletion", "never block the removal of hosts or routes").default(false);
}

function addTimingOptions(command: Command): Command {
  return command
    .option("--debounce <seconds>", "quiet time after a change before a sync", parseSeconds, 1)
    .option("--debounce-max <seconds>", "maximum wait after the first change", parseSeconds, 10)
    .option("--resync-interval <seconds>", "time between syncs without changes", parseSeconds, 60)
    .option("--readiness-timeout <seconds>", "not ready this long after the last success", parseSeconds, 300);
}

function addApprove(program: Command): void {
  program
    .command("approve")
    .description("Show a blocked mass deletion, or approve it by id")
    .argument("[id]", "id of the blocked deletion")
    .option("--namespace <name>", "namespace of the controller (default: POD_NAMESPACE or the kubeconfig's)")
    .action(async (id, options) => {
      const { runApprove } = await import("./approve.ts");
      await runApprove(id, options, print);
    });
}

function addKeys(program: Command): void {
  program
    .command("keys")
    .description("Generate the keys for signing manifests and encrypting secrets")
    .action(() => {
      const { privateKey, publicKey } = generateSigningKeys();
      print(`EDGRESS_SIGNING_KEY=${privateKey}`);
      print(`EDGRESS_VERIFYING_KEY=${publicKey}`);
      const encryptionKeys = generateEncryptionKeys();
      print(`EDGRESS_ENCRYPTION_KEY=${encryptionKeys.publicKey}`);
      print(`EDGRESS_DECRYPTION_KEY=${encryptionKeys.privateKey}`);
    });
}

function addClassOptions(command: Command, withManifests = true): Command {
  if (withManifests)
    command.requiredOption("--manifests <folder>", "folder of YAML or JSON manifests, with subfolders");
  command
    .option("--ingress-class <name>", "class of the Ingresses to serve", "edgress")
    .option("--controller <name>", "spec.controller of the IngressClasses to serve", "edgress.dev/ingress-controller")
    .option("--watch-ingress-without-class", "serve Ingresses without a class too", false);
  return addCompileOptions(command);
}

function print(line: string): void {
  console.log(toPrintableText(line));
}

/** Returns a signal that aborts on Ctrl-C or SIGTERM. A second one ends the process at once. */
function abortOnSignal(): AbortSignal {
  const shutdown = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => shutdown.abort());
  return shutdown.signal;
}
