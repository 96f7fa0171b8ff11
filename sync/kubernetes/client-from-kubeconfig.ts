import { errorMessage } from "../../src/rules/error-message.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { createKubernetesClient, type KubernetesClient } from "./client.ts";
import { Connections } from "./connections.ts";

/**
 * Creates a client from KUBECONFIG, `~/.kube/config` or the ServiceAccount of the Pod, in this order. The namespace
 * defaults to POD_NAMESPACE, then to the kubeconfig's. Throws a `UsageError` if no cluster is configured.
 */
export function loadKubernetesClient(namespace: string | undefined): { api: KubernetesClient; namespace: string } {
  const connections = new Connections();
  try {
    connections.loadFromDefault();
  } catch (error) {
    throw new UsageError(`kubeconfig is not readable: ${errorMessage(error)}`);
  }
  const currentContext = connections.getContextObject(connections.getCurrentContext());
  // The library falls back to localhost:8080, which is never intended.
  if (connections.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new UsageError("cluster not found. Set KUBECONFIG, or run in a Pod with a ServiceAccount");
  }
  const defaultNamespace = namespace ?? process.env.POD_NAMESPACE ?? currentContext?.namespace ?? "default";
  return { api: createKubernetesClient(connections), namespace: defaultNamespace };
}
