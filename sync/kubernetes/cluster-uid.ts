import * as z from "zod";
import type { KubernetesClient } from "./client.ts";

const Namespace = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

/** Returns the identity of the cluster: the uid of namespace kube-system, which lives as long as the cluster. */
export async function readClusterUid(api: KubernetesClient): Promise<string> {
  return Namespace.parse(await api.get("/api/v1/namespaces/kube-system")).metadata.uid;
}
