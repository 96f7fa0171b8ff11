import { reportGateway } from "../../report/gateway/report-gateway.ts";
import type { ControllerDependencies } from "../loop-state.ts";
import type { CompiledCluster } from "../pipeline.ts";
import type { SyncOutcome } from "../publish-cluster.ts";

/** Writes the statuses of the Gateway API objects after a publication. It never rejects. */
export async function reportGatewayObjects(
  { api, liveCluster, log, metrics, options }: ControllerDependencies,
  { compilation }: CompiledCluster,
  outcome: Pick<SyncOutcome, "pin" | "rollout">,
  now: Date,
  signal: AbortSignal,
): Promise<{ readonly hasRemaining: boolean }> {
  const result = await reportGateway(
    {
      objects: liveCluster.read()?.gatewayObjects ?? [], // current ones, because a patch is for one version
      statuses: compilation.gateway,
      controllerName: options.controller,
      unpublished: describeUnpublished(outcome),
    },
    now,
    { api, print: (line) => log.warn(line), signal },
  );
  metrics.recordWriteFailures(result.failures);
  return result;
}

/** Returns why the compiled rules are not the published ones, for all clients. Later syncs of a roll-out change nothing. */
function describeUnpublished({ pin, rollout }: Pick<SyncOutcome, "pin" | "rollout">): string | undefined {
  if (pin) return "a rollback holds the published rules; edgress history shows it";
  switch (rollout?.type) {
    case "aborted":
      return "the roll-out of the rules was aborted; edgress history shows it";
    case "running":
      return `a roll-out of the rules is in progress; ${rollout.share} % of the clients get them`;
    case undefined:
      return undefined;
  }
}
