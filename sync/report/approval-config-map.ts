import * as z from "zod";
import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { buildResourcePath, CONFIG_MAPS } from "../kubernetes/resources.ts";

/** Name of the ConfigMap with the blocked removal. */
export const APPROVAL_CONFIG_MAP = "edgress-blocked-deletion";

/** Data of the ConfigMap: a blocked removal, and its approval. */
export const ApprovalRequest = z.object({
  id: z.string(),
  since: z.string(), // RFC 3339
  reason: z.string(),
  routes: z.string(), // one per line
  approved: z.string().optional(), // the id, after approval
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

const ConfigMapObject = z.object({ data: z.record(z.string(), z.string()).nullish() });

/** Reads the blocked removal, if there is one. Rejects if the request to the API server fails. */
export async function readApprovalRequest(
  api: KubernetesClient,
  namespace: string,
): Promise<ApprovalRequest | undefined> {
  try {
    const { data } = ConfigMapObject.parse(
      await api.get(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP)),
    );
    return ApprovalRequest.safeParse(data).data;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Writes the blocked removal to the ConfigMap. Without one, it clears the ConfigMap if it exists. */
export async function writeApprovalRequest(
  api: KubernetesClient,
  namespace: string,
  request: ApprovalRequest | undefined,
): Promise<void> {
  const metadata = { name: APPROVAL_CONFIG_MAP, namespace, labels: { "app.kubernetes.io/name": "edgress" } };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: request ?? {} };
  try {
    await api.replace(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP), configMap);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    if (request) await api.create(buildResourcePath(CONFIG_MAPS, namespace), configMap);
  }
}

/** Approves the blocked removal with this id. */
export async function approve(api: KubernetesClient, namespace: string, id: string): Promise<void> {
  await api.patch(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP), { data: { approved: id } });
}
