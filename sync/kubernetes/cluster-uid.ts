import * as z from "zod";
import type { KubernetesClient } from "./client.ts";

const Namespace = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

/** What tells clusters apart, as others do it too: the uid of the namespace kube-system, which lives as long as its cluster. */
export async function readClusterUid(api: KubernetesClient): Promise<string> {
  return Namespace.parse(await api.get("/api/v1/namespaces/kube-system")).metadata.uid;
}
