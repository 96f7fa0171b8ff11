import { randomBytes } from "node:crypto";
import { createServer } from "node:https";
import { ApiError, type KubernetesClient } from "../../sync/kubernetes/client.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { type EchoPod, startEchoPod } from "./echo-pod.ts";
import type { DeploymentObject } from "./watch-objects.ts";

const NODE_NAME = "loopback";

/** A Pod of the suite, with its server on loopback. */
export interface RunningPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Address in the cluster. No network routes it. */
  readonly address: string;
  readonly server: EchoPod;
}

/**
 * The part of a cluster that runs Pods: it simulates kubelet, the Deployment controller and the ServiceAccount
 * controller, because no container runs on this machine.
 */
export interface LocalNode {
  pods(): readonly RunningPod[];
  /** Starts the missing Pods of Deployments. */
  runDeployments(deployments: readonly DeploymentObject[]): Promise<void>;
  /** Creates the ServiceAccount that every Pod of a namespace needs. */
  prepareNamespace(namespace: string): Promise<void>;
  close(): Promise<void>;
}

/** Registers a Node whose kubelet is a server on loopback, which the API server asks for the logs of Pods. */
export async function startLocalNode(api: KubernetesClient): Promise<LocalNode> {
  const pods = new Map<string, RunningPod>();
  const preparedNamespaces = new Set<string>();
  const kubelet = await startKubelet(pods);
  await api.create("/api/v1/nodes", buildNode(kubelet.port));
  const startPod = async (deployment: DeploymentObject) => {
    const { namespace } = deployment.metadata;
    const name = [deployment.metadata.name, randomBytes(5).toString("hex"), randomBytes(3).toString("hex")].join("-");
    const server = await startEchoPod({ namespace, pod: name });
    const address = `10.244.${Math.floor(pods.size / 250)}.${(pods.size % 250) + 1}`;
    const { labels } = deployment.spec.template.metadata;
    await api.create(`/api/v1/namespaces/${namespace}/pods`, buildPod(name, deployment));
    pods.set(`${namespace}/${name}`, { namespace, name, labels, address, server });
    await api.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, buildPodStatus(address));
  };
  return {
    pods: () => [...pods.values()],
    async prepareNamespace(namespace) {
      if (preparedNamespaces.has(namespace)) return;
      preparedNamespaces.add(namespace);
      await createUnlessPresent(api, `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default" },
      });
    },
    async runDeployments(deployments) {
      for (const deployment of deployments) {
        const { namespace, name } = deployment.metadata;
        const runningPods = [...pods.values()].filter(
          (pod) => pod.namespace === namespace && nameDeployment(pod.name) === name,
        );
        for (let count = runningPods.length; count < deployment.spec.replicas; count++) await startPod(deployment);
      }
    },
    async close() {
      await Promise.all([kubelet.close(), ...[...pods.values()].map(({ server }) => server.close())]);
    },
  };
}

/** A Pod's name is `<Deployment>-<hash>-<hash>`. */
function nameDeployment(pod: string): string {
  return pod.split("-").slice(0, -2).join("-");
}

/** Serves `/containerLogs/<namespace>/<pod>/<container>?sinceTime=<RFC 3339>`. */
async function startKubelet(pods: ReadonlyMap<string, RunningPod>): Promise<ListeningServer> {
  const certificate = await generateCertificate("127.0.0.1");
  const server = createServer(certificate, ({ url = "/" }, response) => {
    const { pathname, searchParams } = new URL(url, "https://kubelet");
    const [, namespace, name] = /^\/containerLogs\/([^/]+)\/([^/]+)\//.exec(pathname) ?? [];
    const pod = pods.get(`${namespace}/${name}`);
    if (!pod) {
      response.writeHead(404).end();
      return;
    }
    const sinceTime = searchParams.get("sinceTime");
    const lines = pod.server.readLog(sinceTime === null ? 0 : Date.parse(sinceTime));
    response.writeHead(200, { "Content-Type": "text/plain" }).end(lines.map((line) => `${line}\n`).join(""));
  });
  return listen(server, 0);
}

function buildNode(kubeletPort: number) {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: NODE_NAME },
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
    },
  };
}

function buildPod(name: string, { metadata, spec: { template } }: DeploymentObject) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: metadata.namespace, labels: template.metadata.labels },
    spec: { ...template.spec, nodeName: NODE_NAME },
  };
}

function buildPodStatus(address: string) {
  const conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
    type,
    status: "True",
  }));
  return { status: { phase: "Running", conditions, podIP: address, podIPs: [{ ip: address }] } };
}

async function createUnlessPresent(api: KubernetesClient, path: string, object: object): Promise<void> {
  try {
    await api.create(path, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
}
