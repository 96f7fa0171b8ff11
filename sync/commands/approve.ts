import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { APPROVAL_CONFIG_MAP, approve, readApprovalRequest } from "../report/approval-config-map.ts";
import { UsageError } from "../runtime/usage-error.ts";

export interface ApproveOptions {
  /** Namespace of the controller; the kubeconfig's if not set. */
  readonly namespace: string | undefined;
}

/** Prints the blocked deletion, or approves it by its id. */
export async function runApprove(
  id: string | undefined,
  options: ApproveOptions,
  print: (line: string) => void,
): Promise<void> {
  const { api, namespace, warning } = loadKubernetesClient(options.namespace);
  if (warning !== undefined) print(`warning ${warning}`);
  const approvalRequest = await readApprovalRequest(api, namespace);
  if (!approvalRequest) {
    if (id !== undefined)
      throw new UsageError(`no deletion is blocked in namespace ${namespace} (ConfigMap ${APPROVAL_CONFIG_MAP})`);
    print(`no deletion is blocked in namespace ${namespace}`);
    return;
  }
  if (id === undefined) {
    print(`blocked since ${approvalRequest.since}: ${approvalRequest.reason}`);
    for (const route of approvalRequest.routes.split("\n")) print(`  ${route}`);
    print(`edgress approve ${approvalRequest.id} --namespace ${namespace}`);
    return;
  }
  if (id !== approvalRequest.id) {
    throw new UsageError(
      `id does not match the blocked deletion: ${id}. Review the deletion ${approvalRequest.id}, then approve that id`,
    );
  }
  await approve(api, namespace, id);
  print(`approved ${id}: the controller publishes it with its next sync`);
}
