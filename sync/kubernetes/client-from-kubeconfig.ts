import { UsageError } from "../commands/usage-error.ts";
import { createKubernetesClient, type KubernetesClient } from "./client.ts";
import { Connections } from "./connections.ts";

/**
 * The API server of the kubeconfig (KUBECONFIG, or the usual place), or of the cluster that this runs in. The namespace is
 * the one given, else POD_NAMESPACE, else the kubeconfig's. Throws a UsageError where there is no cluster to speak to.
 */
export function loadKubernetesClient(namespace: string | undefined): { api: KubernetesClient; namespace: string } {
  const connections = new Connections();
  try {
    connections.loadFromDefault();
  } catch (error) {
    throw new UsageError(`the kubeconfig cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const currentContext = connections.getContextObject(connections.getCurrentContext());
  // The client falls back on localhost:8080, where nobody means to go.
  if (connections.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new UsageError("there is no cluster to speak to: set KUBECONFIG, or run in a Pod with a ServiceAccount");
  }
  const defaultNamespace = namespace ?? process.env.POD_NAMESPACE ?? currentContext?.namespace ?? "default";
  return { api: createKubernetesClient(connections), namespace: defaultNamespace };
}
