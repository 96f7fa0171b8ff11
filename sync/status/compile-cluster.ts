import type { LiveCluster, ObservedCluster } from "../collect/live-cluster.ts";
import { compileWithLastGood, type LastGoodCompilation, type PreviousState } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";

/** After this number of passes, references that are still new are not read. */
const MAX_COMPILE_PASSES = 5;

/** A cluster at one moment, and its rules. */
export interface ClusterRules extends ObservedCluster {
  readonly result: LastGoodCompilation;
}

/** Compiles an opened cluster, with the Secrets and ConfigMaps that its rules reference. */
export async function compileOpenCluster(
  liveCluster: LiveCluster,
  previousState: PreviousState,
  options: Options,
  now: Date,
): Promise<ClusterRules> {
  for (let pass = 1; ; pass++) {
    const observed = liveCluster.read();
    if (!observed) throw new Error("the first lists are not complete");
    const result = compileWithLastGood(observed.cluster, previousState, options, now.toISOString());
    const hasNewReference = await liveCluster.watchReferences(result.compilation.references);
    if (!hasNewReference || pass === MAX_COMPILE_PASSES) return { ...observed, result };
  }
}
