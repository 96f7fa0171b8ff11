import type { KubernetesClient } from "../../sync/kubernetes/client.ts";
import type { LocalCloudflare } from "../../sync/local/local-cloudflare.ts";
import { createExternalAddresses } from "./external-addresses.ts";
import { startLocalNode } from "./local-node.ts";
import { collectSecretCertificates } from "./secret-certificates.ts";
import {
  createReconciler,
  DeploymentObject,
  EndpointSliceObject,
  NamespaceObject,
  SecretObject,
  ServiceObject,
  watchObjects,
} from "./watch-objects.ts";

/**
 * Starts the controllers that a cluster has, and this one lacks: they run the Pods of the suite on loopback, give addresses to
 * their Services, and upload the certificates of Secrets to the local edge.
 */
export async function startClusterControllers(
  api: KubernetesClient,
  { forward, setCertificates }: Pick<LocalCloudflare, "forward" | "setCertificates">,
): Promise<{ close(): Promise<void> }> {
  const abortController = new AbortController();
  const node = await startLocalNode(api);
  const updateAddresses = createExternalAddresses(api, forward);
  const { trigger, idle } = createReconciler(async () => {
    const suiteNamespaces = namespaces().flatMap(({ metadata }) => (isOfSuite(metadata.name) ? [metadata.name] : []));
    for (const namespace of suiteNamespaces) await node.prepareNamespace(namespace);
    // The watch of namespaces can be later than the others.
    await node.runDeployments(deployments().filter(({ metadata }) => suiteNamespaces.includes(metadata.namespace)));
    const suiteServices = services().filter(({ metadata }) => isOfSuite(metadata.namespace));
    await updateAddresses(suiteServices, endpointSlices(), node.pods());
    setCertificates(collectSecretCertificates(secrets()));
  }, abortController.signal);
  const watchOptions = { signal: abortController.signal, onChange: trigger };
  const namespaces = watchObjects(api, "/api/v1/namespaces", NamespaceObject, watchOptions);
  const deployments = watchObjects(api, "/apis/apps/v1/deployments", DeploymentObject, watchOptions);
  const services = watchObjects(api, "/api/v1/services", ServiceObject, watchOptions);
  const slicesPath = "/apis/discovery.k8s.io/v1/endpointslices";
  const endpointSlices = watchObjects(api, slicesPath, EndpointSliceObject, watchOptions);
  const secrets = watchObjects(api, "/api/v1/secrets", SecretObject, watchOptions);
  return {
    async close() {
      abortController.abort();
      await idle();
      await node.close();
    },
  };
}

/** The suite's namespaces have this prefix. The controller's own has not. */
function isOfSuite(namespace: string): boolean {
  return namespace.startsWith("gateway-");
}
