import { reportGateway } from "../../report/gateway/report-gateway.ts";
import type { ControllerDependencies } from "../loop-state.ts";
import type { CompiledCluster } from "../pipeline.ts";
import type { OutcomeType } from "../publish-rules.ts";

/** Why the compiled rules are not the published ones. */
const UNPUBLISHED: { readonly [T in OutcomeType]?: string } = {
  pinned: "a rollback holds the published rules; edgress history shows it",
  aborted: "the roll-out of the rules was aborted",
};

/** Writes the statuses of the Gateway API objects after a publication. It never rejects. */
export async function reportGatewayObjects(
  { api, liveCluster, log, metrics, options }: ControllerDependencies,
  { compilation }: CompiledCluster,
  outcome: OutcomeType,
  now: Date,
  signal: AbortSignal,
): Promise<{ readonly hasRemaining: boolean }> {
  const result = await reportGateway(
    {
      objects: liveCluster.read()?.gatewayObjects ?? [], // current ones, because a patch is for one version
      statuses: compilation.gateway,
      controllerName: options.controller,
      unpublished: UNPUBLISHED[outcome],
    },
    now,
    { api, print: (line) => log.warn(line), signal },
  );
  metrics.recordWriteFailures(result.failures);
  return result;
}
