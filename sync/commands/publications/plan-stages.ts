import type { CompileDependencies, CompiledCluster } from "../../controller/pipeline.ts";
import { type PlannedPublication, planChanges } from "../../controller/plan-changes.ts";
import { buildPlan } from "../../plan/plan.ts";
import { measurePublication, type PublicationSize } from "../../publish/changes/measure-publication.ts";
import type { DeletionLimits } from "../../publish/guard/deletion-guard.ts";
import type { PublishedSnapshot } from "../../publish/read-published.ts";

/** Creates the stages that compare compiled rules with the published ones. They write nothing. */
export function createPlanStages(dependencies: CompileDependencies, limits: DeletionLimits, now: Date) {
  type Measured = { readonly planned: PlannedPublication; readonly size: PublicationSize };
  type Base = { readonly snapshot: PublishedSnapshot; readonly warnings: readonly string[] };
  return {
    async publish(compiled: CompiledCluster, { snapshot }: Base): Promise<Measured> {
      const planned = await planChanges(compiled, snapshot, limits, dependencies);
      return { planned, size: await measurePublication(planned.rules, snapshot, dependencies.account, now) };
    },
    report: async (compiled: CompiledCluster, { planned, size }: Measured, { snapshot, warnings }: Base) =>
      buildPlan(compiled, planned, snapshot, size, warnings),
  };
}
