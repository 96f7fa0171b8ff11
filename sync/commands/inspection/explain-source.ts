import { ROOT_ZONE } from "../../../src/rules/hosts.ts";
import type { Rules } from "../../../src/rules/snapshot.ts";
import type { Cluster } from "../../collect/cluster-model.ts";
import { assertReadableManifests, formatUnparsableFile, readManifests } from "../../collect/manifests.ts";
import { openCluster } from "../../collect/open-cluster.ts";
import { parseCluster } from "../../collect/parse-objects.ts";
import { compile } from "../../compile/compile.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import { NO_PREVIOUS_STATE } from "../../compile/last-good.ts";
import type { Options } from "../../compile/options.ts";
import { createAssumedDecryption } from "../../explain/assumed-decryption.ts";
import type { ExplainRequest } from "../../explain/explain.ts";
import { createPlaintextSealer } from "../../explain/plaintext-sealer.ts";
import { loadKubernetesClient } from "../../kubernetes/client-from-kubeconfig.ts";
import { loadPermits } from "../../permits/source.ts";
import { listUnhealthyAddresses } from "../../publish/publish-health.ts";
import { readPublishedSnapshot } from "../../publish/read-published.ts";
import { createRegexLookup } from "../../regex-check/regex-lookup.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { compileOpenCluster } from "../../status/compile-cluster.ts";
import { loadAccount } from "../account-from-env.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";

/** The rules that explain a request, and their objects if they are known. */
export interface ExplainSource {
  readonly rules: Rules;
  readonly decrypt: (token: string) => Promise<string>;
  /** Undefined for published rules. */
  readonly cluster: Cluster | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The published addresses that fail their health checks: "shop/cart:80 203.0.113.10". */
  readonly unhealthyAddresses?: readonly string[];
  /** Lines to print before the explanation. */
  readonly notices: readonly string[];
  /** Returns the assumptions about secrets. */
  readonly listAssumptions: () => readonly string[];
}

export interface ExplainSourceOptions extends Omit<Options, "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests?: string | undefined;
  readonly live?: boolean;
  readonly published?: boolean;
  readonly permits?: string | undefined;
}

/** Reads manifests, the cluster or the published snapshot. Rejects with a `UsageError` unless one of them is named. */
export async function openExplainSource(
  options: ExplainSourceOptions,
  request: Pick<ExplainRequest, "headers">,
  environment: Environment,
): Promise<ExplainSource> {
  const { manifests, live = false, published = false } = options;
  const sources = [manifests !== undefined, live, published].filter(Boolean);
  if (sources.length !== 1) {
    const problem =
      sources.length === 0 ? "rules are missing" : "--manifests, --live and --published are mutually exclusive";
    throw new UsageError(`${problem}. Set one: --manifests PATH, --live for the cluster, --published for the edge`);
  }
  if (manifests !== undefined) return compileManifests(manifests, options);
  return live ? compileLive(options) : readPublished(request, environment);
}

async function compileManifests(path: string, options: ExplainSourceOptions): Promise<ExplainSource> {
  await assertReadableManifests(path);
  const { files, unparsableFiles } = await readManifests(path);
  const cluster = parseCluster([...files.values()].flat());
  const { compileOptions, open } = await createCompileOptions(options);
  const { rules, diagnostics } = compile(cluster, compileOptions);
  const notices = unparsableFiles.map(formatUnparsableFile);
  return { rules, diagnostics, cluster, decrypt: open, notices, listAssumptions: () => [] };
}

async function compileLive(options: ExplainSourceOptions): Promise<ExplainSource> {
  const { api, namespace, warning } = loadKubernetesClient(undefined);
  const { compileOptions, open } = await createCompileOptions({ ...options, namespace });
  const lifetime = new AbortController();
  try {
    const liveCluster = await openCluster(api, { watchNamespace: [], ingressSelector: "" }, lifetime.signal);
    const { cluster, result } = await compileOpenCluster(liveCluster, NO_PREVIOUS_STATE, compileOptions, new Date());
    const { rules, diagnostics } = result.compilation;
    const notices = [
      ...(warning === undefined ? [] : [`warning ${warning}`]),
      ...cluster.unreadableReferences.map(
        ({ kind, namespace: owner, name }) =>
          `warning ${kind} ${owner}/${name} is not readable with this kubeconfig; the controller may read it`,
      ),
    ];
    return { rules, diagnostics, cluster, decrypt: open, notices, listAssumptions: () => [] };
  } finally {
    lifetime.abort();
  }
}

async function readPublished(
  request: Pick<ExplainRequest, "headers">,
  environment: Environment,
): Promise<ExplainSource> {
  const { kv, verifier } = loadAccount(readEnvironmentFiles(environment));
  const { manifest, hosts } = await readPublishedSnapshot(kv, verifier);
  if (!manifest) throw new Error("nothing is published in this KV namespace with this EDGRESS_SIGNING_KEY");
  const { decrypt, listAssumptions } = createAssumedDecryption(request);
  const notices = [`published  generation ${manifest.generation} of ${manifest.publishedAt}`];
  return {
    rules: { zones: manifest.zones, hosts },
    diagnostics: [],
    cluster: undefined,
    decrypt,
    notices,
    unhealthyAddresses: listUnhealthyAddresses(manifest.unhealthy, hosts),
    listAssumptions,
  };
}

async function createCompileOptions({ permits, zones, ...options }: ExplainSourceOptions) {
  const { tokenizeSecret, open } = createPlaintextSealer();
  const compileOptions: Options = {
    ...options,
    zones: zones.length > 0 ? zones : [ROOT_ZONE],
    regexVerdicts: createRegexLookup(),
    tokenizeSecret,
    permits: await loadPermits(permits),
  };
  return { compileOptions, open };
}
