import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { APPROVAL_CONFIG_MAP, approve, readApprovalRequests } from "../report/approval-config-map.ts";
import { UsageError } from "../runtime/usage-error.ts";

export interface ApproveOptions {
  /** Namespace of the controller; the kubeconfig's if not set. */
  readonly namespace: string | undefined;
}

/** Prints the blocked deletions, or approves one by its id. */
export async function runApprove(
  id: string | undefined,
  options: ApproveOptions,
  print: (line: string) => void,
): Promise<void> {
  const { api, namespace, warning } = loadKubernetesClient(options.namespace);
  if (warning !== undefined) print(`warning ${warning}`);
  const requests = await readApprovalRequests(api, namespace);
  if (requests.size === 0) {
    if (id !== undefined)
      throw new UsageError(`no deletion is blocked in namespace ${namespace} (ConfigMap ${APPROVAL_CONFIG_MAP})`);
    print(`no deletion is blocked in namespace ${namespace}`);
    return;
  }
  if (id === undefined) {
    for (const [blockedNamespace, request] of requests) {
      print(`blocked since ${request.since}: ${request.reason} (namespace ${blockedNamespace})`);
      for (const route of request.routes.split("\n")) print(`  ${route}`);
      print(`edgress approve ${request.id} --namespace ${namespace}`);
    }
    return;
  }
  const [approvedNamespace] = [...requests].find(([, request]) => request.id === id) ?? [];
  if (approvedNamespace === undefined) {
    const ids = [...requests.values()].map((request) => request.id).join(" or ");
    throw new UsageError(
      `id does not match the blocked deletion: ${id}. Review the deletion ${ids}, then approve that id`,
    );
  }
  await approve(api, namespace, approvedNamespace, id);
  print(`approved ${id}: the controller publishes it with its next sync`);
}
