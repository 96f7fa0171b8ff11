import type { Rules } from "../../../src/rules/snapshot.ts";
import type { Cluster } from "../../../sync/collect/cluster-model.ts";
import type { Diagnostic } from "../../../sync/compile/diagnostics.ts";
import { NO_PREVIOUS_STATE } from "../../../sync/compile/last-good.ts";
import type { Options } from "../../../sync/compile/options.ts";
import { collectOnce } from "../../../sync/controller/collect-cluster.ts";
import type { HostOptions } from "../../../sync/controller/managed-hosts.ts";
import { type CompiledCluster, runPipeline } from "../../../sync/controller/pipeline.ts";
import {
  createManifestDependencies,
  type ManifestPublication,
  NO_DELETION_LIMITS,
  publishManifests,
} from "../../../sync/controller/publish-manifests.ts";
import type { Account } from "../../../sync/publish/account.ts";
import { createRegexChecker } from "../../../sync/regex-check/regex-checker.ts";

export interface AccountPublication extends ManifestPublication {
  readonly rules: Rules;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a cluster and publishes it to an account, as `edgress publish` does. */
export async function publishToAccount(
  cluster: Cluster,
  { permits, ...options }: Omit<Options, "zones" | "tokenizeSecret" | "regexVerdicts">,
  account: Account,
  now: Date,
  hostOptions?: HostOptions,
): Promise<AccountPublication> {
  const dependencies = createManifestDependencies(account, options, createRegexChecker(), now, undefined, hostOptions);
  const stages = {
    collect: async () => collectOnce(cluster, permits),
    readBase: async () => ({ previousState: NO_PREVIOUS_STATE }),
    ...publishManifests(dependencies, NO_DELETION_LIMITS, now),
    report: async ({ compilation: { rules, diagnostics } }: CompiledCluster, publication: ManifestPublication) => ({
      rules,
      diagnostics,
      ...publication,
    }),
  };
  const published = await runPipeline(dependencies, stages, now);
  if (!published) throw new Error("the cluster is not complete");
  return published;
}
