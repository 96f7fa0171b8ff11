import * as z from "zod";
import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { buildResourcePath, CONFIG_MAPS } from "../kubernetes/resources.ts";

/** The ConfigMap in which a round that is held back waits to be confirmed. */
export const APPROVAL_CONFIG_MAP = "edgress-blocked-deletion";

/** What a ConfigMap says of the round that is held back. */
export const ApprovalRequest = z.object({
  id: z.string(),
  since: z.string(), // RFC 3339
  reason: z.string(),
  routes: z.string(), // one a line
  approved: z.string().optional(), // the id, once somebody has confirmed it
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

const ConfigMapObject = z.object({ data: z.record(z.string(), z.string()).nullish() });

/** The round that is held back, if there is one. Rejects where the API server does not say. */
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

/** Shows what is held back, or that nothing is. */
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

/** Confirms the round of this id. */
export async function approve(api: KubernetesClient, namespace: string, id: string): Promise<void> {
  await api.patch(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP), { data: { approved: id } });
}
