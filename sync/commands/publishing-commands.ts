import { type Command, Option } from "commander";
import { PERMITS_HELP } from "./compile-options.ts";
import { formatVariableHelp } from "./help/environment-variables.ts";
import { addHostOptions } from "./hosts/host-options.ts";
import { appendAddress, parsePermitsLocation, parsePort, parseSeconds, parseShare } from "./option-parsers.ts";
import { addStageOptions } from "./publications/stage-options.ts";
import {
  abortOnSignal,
  addClassOptions,
  addDeletionLimits,
  createFormatOption,
  NAMESPACE_HELP,
  print,
  withoutUsageErrors,
} from "./shared-options.ts";

/** KV needs up to about 60 s. */
const DEFAULT_WAIT_SECONDS = "120";

/** Adds the command `publish`. */
export function addPublish(program: Command): void {
  const command = addClassOptions(program.command("publish"), false)
    .description("Compile manifests and publish them once")
    .requiredOption("-f, --manifests <path...>", "files or folders of manifests; - for standard input; repeatable")
    .option("--permits <file>", PERMITS_HELP)
    .option("--take-ownership", "publish to the KV namespace of a stopped controller", false);
  addHostOptions(addDeletionLimits(command))
    .option("--resume", "end a rollback that is active", false)
    .option("--stage <share>", "publish to a share of clients, until promote or abort: 5%", parseShare)
    .option("--commit <id>", "commit of the manifests, for the history (default: GITHUB_SHA or CI_COMMIT_SHA)")
    .option("--dry-run", "print what would change, and write nothing; exit code 2 for changes", false)
    .addOption(createFormatOption("format of the report"))
    .addOption(createEdgeUrlOption())
    .addOption(
      new Option("--wait [seconds]", "wait until --edge-url serves the publication; exit code 1 after the time")
        .argParser(parseSeconds)
        .preset(DEFAULT_WAIT_SECONDS),
    )
    .addHelpText("after", formatVariableHelp("publish"))
    .action(async (options) => {
      const { runPublish } = await import("./publish.ts");
      const { runObserved } = await import("./publications/observed-run.ts");
      const run = runObserved(
        (observed) => runPublish(options, process.env, observed.print, observed.observe),
        options.format === "json",
      );
      process.exitCode = await (options.dryRun ? withoutUsageErrors(run) : run);
    });
}

function createEdgeUrlOption(): Option {
  return new Option("--edge-url <url>", "https URL of a trusted host of the Worker, to check its key and generation");
}

/** Adds the command `sync`. */
export function addSync(program: Command): void {
  const command = addClassOptions(program.command("sync"), false)
    .description("Sync a Kubernetes cluster to the edge until it is stopped")
    .option("--watch-namespace <name...>", "namespaces to watch; all if not set", [])
    .option("--ingress-selector <labels>", "label selector for Ingresses, in kubectl's syntax", "")
    .option("--permits <file>", PERMITS_HELP)
    .option("--permits-config-map <name>", "ConfigMap with the permits in permits.yaml: [namespace/]name");
  addDeletionLimits(addStageOptions(addHostOptions(addTimingOptions(command))))
    .option("--publish-status-address <address...>", "edge addresses for the Ingress status", appendAddress, [])
    .option("--take-ownership", "publish to a KV namespace that another cluster owns", false)
    .option("--namespace <name>", NAMESPACE_HELP)
    .option("--lease-name <name>", "name of the leader election Lease", "edgress")
    .option("--health-port <port>", "port of /healthz, /readyz and /metrics; 0 for a free port", parsePort, 10254)
    .addOption(createEdgeUrlOption())
    .option("--once", "run one sync, then exit; exit code 1 if it is incomplete", false)
    .option("--dry-run", "print what one sync would change; write nothing; exit code 2 for changes", false)
    .addOption(createFormatOption("format of the report of --dry-run"))
    .addOption(
      new Option("--log-level <level>", "minimum log level")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .addHelpText("after", formatVariableHelp("sync"))
    .action(async ({ permits, permitsConfigMap, ...options }) => {
      const { runSync } = await import("./sync.ts");
      const permitsLocation = parsePermitsLocation(permits, permitsConfigMap, options.namespace);
      const syncOptions = { ...options, permits: permitsLocation };
      const { observeRun } = await import("./publications/observed-run.ts");
      const run =
        options.once && !options.dryRun
          ? observeRun((observed) => runSync(syncOptions, process.env, print, observed.signal, observed), false)
          : runSync(syncOptions, process.env, print, abortOnSignal());
      process.exitCode = await (options.dryRun ? withoutUsageErrors(run) : run);
    });
}

function addTimingOptions(command: Command): Command {
  return command
    .option("--debounce <seconds>", "quiet time after a change before a sync", parseSeconds, 1)
    .option("--debounce-max <seconds>", "maximum wait after the first change", parseSeconds, 10)
    .option("--resync-interval <seconds>", "time between syncs without changes", parseSeconds, 60)
    .option("--readiness-timeout <seconds>", "not ready this long after the last success", parseSeconds, 300);
}
