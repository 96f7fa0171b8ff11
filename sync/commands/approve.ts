import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { APPROVAL_CONFIG_MAP, approve, readApprovalRequest } from "../report/approval-config-map.ts";
import { UsageError } from "../runtime/usage-error.ts";

export interface ApproveOptions {
  /** Where the sync job runs; the kubeconfig's namespace where it is not said. */
  readonly namespace: string | undefined;
}

/** Shows the round that is held back, or confirms it where its id is given. */
export async function runApprove(
  id: string | undefined,
  options: ApproveOptions,
  print: (line: string) => void,
): Promise<void> {
  const { api, namespace } = loadKubernetesClient(options.namespace);
  const approvalRequest = await readApprovalRequest(api, namespace);
  if (!approvalRequest) {
    if (id !== undefined)
      throw new UsageError(`nothing is held back in namespace ${namespace} (ConfigMap ${APPROVAL_CONFIG_MAP})`);
    print(`nothing is held back in namespace ${namespace}`);
    return;
  }
  if (id === undefined) {
    print(`held back since ${approvalRequest.since}: ${approvalRequest.reason}`);
    for (const route of approvalRequest.routes.split("\n")) print(`  ${route}`);
    print(`edgress approve ${approvalRequest.id} --namespace ${namespace}`);
    return;
  }
  if (id !== approvalRequest.id) {
    throw new UsageError(
      `${id} is not what is held back: that is ${approvalRequest.id}; look at its list before you confirm it`,
    );
  }
  await approve(api, namespace, id);
  print(`approved ${id}: the sync job publishes it with its next round`);
}
