import { errorMessage } from "../../src/rules/error-message.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { createKubernetesClient, type KubernetesClient } from "./client.ts";
import { Connections } from "./connections.ts";

export interface LoadedClient {
  readonly api: KubernetesClient;
  readonly namespace: string;
  /** A setting of the kubeconfig that weakens security. */
  readonly warning?: string;
}

/**
 * Creates a client from KUBECONFIG, `~/.kube/config` or the ServiceAccount of the Pod, in this order. The namespace
 * defaults to POD_NAMESPACE, then to the kubeconfig's. Throws a `UsageError` if no cluster is configured.
 */
export function loadKubernetesClient(namespace: string | undefined): LoadedClient {
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
  const skipsVerification = connections.getCurrentCluster()?.skipTLSVerify === true;
  return {
    api: createKubernetesClient(connections),
    namespace: defaultNamespace,
    ...(skipsVerification && { warning: UNVERIFIED_SERVER_WARNING }),
  };
}

const UNVERIFIED_SERVER_WARNING =
  "the API server is not verified: the kubeconfig sets insecure-skip-tls-verify. Anyone on the network path can read the token";
