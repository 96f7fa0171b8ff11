import { rehearseSync } from "../../controller/dry-run.ts";
import type { CompiledCluster } from "../../controller/pipeline.ts";
import type { PublishedBase } from "../../controller/publish-cluster.ts";
import type { ControllerContext, SyncOptions } from "../../controller/setup.ts";
import { loadKubernetesClient } from "../../kubernetes/client-from-kubeconfig.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Account } from "../../publish/account.ts";
import { createLogger } from "../../report/log.ts";
import { createMetrics } from "../../report/metrics.ts";
import { createPlanStages } from "./plan-stages.ts";

/** The parts of a live cluster that a plan reads. */
export interface ClusterInputs extends Omit<SyncOptions, "publishStatusAddress" | "takeOwnership"> {
  readonly namespace: string | undefined;
}

/** Plans the publication of the cluster of the kubeconfig. It writes nothing, and needs no Lease. */
export async function planCluster(inputs: ClusterInputs, account: Account): Promise<Plan> {
  const { api, namespace } = loadKubernetesClient(inputs.namespace);
  const log = createLogger({ level: "warn", secrets: [] }, process.stderr);
  const context: ControllerContext = {
    ...{ api, namespace, log, account, metrics: createMetrics() },
    instance: "edgress plan",
    author: { command: "plan" },
  };
  const options = { ...inputs, publishStatusAddress: [], takeOwnership: false };
  const now = new Date();
  return await rehearseSync(
    options,
    context,
    (dependencies) => {
      const stages = createPlanStages(dependencies, dependencies.limits, now);
      const toBase = ({ publishedState: { snapshot } }: PublishedBase) => ({ snapshot, warnings: [] });
      return {
        publish: (compiled: CompiledCluster, base) => stages.publish(compiled, toBase(base)),
        report: (compiled, measured: Awaited<ReturnType<typeof stages.publish>>, base) =>
          stages.report(compiled, measured, toBase(base)),
      };
    },
    new AbortController().signal,
  );
}
