import * as z from "zod";
import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { buildResourcePath, CONFIG_MAPS } from "../kubernetes/resources.ts";

/** Name of the ConfigMap with the blocked removals. */
export const APPROVAL_CONFIG_MAP = "edgress-blocked-deletion";

/** A blocked removal of one namespace, and its approval. Each field is a key of the ConfigMap: "shop.id". */
export const ApprovalRequest = z.object({
  id: z.string(),
  since: z.string(), // RFC 3339
  reason: z.string(),
  routes: z.string(), // one per line
  approved: z.string().optional(), // the id, after approval
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** Blocked removals by namespace. */
export type ApprovalRequests = ReadonlyMap<string, ApprovalRequest>;

const ConfigMapObject = z.object({
  metadata: z.object({ resourceVersion: z.string().optional() }).optional(),
  data: z.record(z.string(), z.string()).nullish(),
});

/** Returns the blocked removals in the data of the ConfigMap. Incomplete ones are ignored. */
export function parseApprovalRequests(data: Readonly<Record<string, string>>): ApprovalRequests {
  const entries = Object.entries(data).map(([key, value]) => {
    const [namespace = "", field = ""] = key.split("."); // a namespace contains no dot
    return { namespace, field, value };
  });
  return new Map(
    [...Map.groupBy(entries, ({ namespace }) => namespace)].flatMap(([namespace, fields]) => {
      const values = Object.fromEntries(fields.map(({ field, value }) => [field, value]));
      const request = ApprovalRequest.safeParse(values).data;
      return request ? [[namespace, request] as const] : [];
    }),
  );
}

/** Returns the ids of approved removals. */
export function listApprovedIds(requests: ApprovalRequests): ReadonlySet<string> {
  return new Set([...requests.values()].flatMap(({ approved }) => approved ?? []));
}

/** Reads the blocked removals. Rejects if the request to the API server fails. */
export async function readApprovalRequests(api: KubernetesClient, namespace: string): Promise<ApprovalRequests> {
  return parseApprovalRequests((await readConfigMap(api, namespace))?.data ?? {});
}

/**
 * Writes the blocked removals to the ConfigMap. A removal that is in it already keeps its time and its approval. Rejects
 * if somebody approved meanwhile, so that no approval is lost.
 */
export async function writeApprovalRequests(
  api: KubernetesClient,
  namespace: string,
  requests: ApprovalRequests,
): Promise<void> {
  const current = await readConfigMap(api, namespace);
  if (!current && requests.size === 0) return;
  const currentRequests = parseApprovalRequests(current?.data ?? {});
  const data = Object.fromEntries(
    [...requests].flatMap(([name, request]) => {
      const currentRequest = currentRequests.get(name);
      const keptRequest = currentRequest?.id === request.id ? currentRequest : request;
      return Object.entries(keptRequest).map(([field, value]) => [`${name}.${field}`, value]);
    }),
  );
  const labels = { "app.kubernetes.io/name": "edgress" };
  const { resourceVersion } = current?.metadata ?? {};
  const metadata = { name: APPROVAL_CONFIG_MAP, namespace, labels, ...(resourceVersion && { resourceVersion }) };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  if (current) await api.replace(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP), configMap);
  else await api.create(buildResourcePath(CONFIG_MAPS, namespace), configMap);
}

/** Approves the removal of `blockedNamespace` with this id. */
export async function approve(
  api: KubernetesClient,
  namespace: string,
  blockedNamespace: string,
  id: string,
): Promise<void> {
  const data = { [`${blockedNamespace}.approved`]: id };
  await api.patch(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP), { data });
}

async function readConfigMap(api: KubernetesClient, namespace: string) {
  try {
    return ConfigMapObject.parse(await api.get(buildResourcePath(CONFIG_MAPS, namespace, APPROVAL_CONFIG_MAP)));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
