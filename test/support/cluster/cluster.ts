import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { createKubernetesClient, type KubernetesClient } from "../../../sync/kubernetes/client.ts";
import { Connections } from "../../../sync/kubernetes/connections.ts";

/** A Kubernetes cluster to test against, as its admin. */
export interface TestCluster {
  /** The API server's URL. */
  readonly server: string;
  /** The path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** Makes a namespace with a name of its own; `close` removes it. */
  createNamespace(): Promise<string>;
  /** The path of a kubeconfig for a ServiceAccount, with a token of an hour from TokenRequest. */
  createKubeconfig(namespace: string, serviceAccount: string): Promise<string>;
  /** Runs kubectl to its end: what it printed. Rejects with what it complained of. `input` goes to its stdin. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  close(): Promise<void>;
}

const KubeconfigView = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.optional(z.string()) }) }),
  ]),
});
const TokenRequest = z.object({ status: z.object({ token: z.string() }) });

/** The cluster that KUBECONFIG leads to. */
export async function connectToExistingCluster(): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-cluster-"));
  const kubeconfig = join(folder, "kubeconfig");
  // One file for what may be several, with only the present context and nothing that lies in other files.
  const flattenedConfig = await runKubectl(["config", "view", "--minify", "--flatten", "--raw", "--output", "json"]);
  await writeFile(kubeconfig, flattenedConfig, { mode: 0o600 });
  const namespaces: string[] = [];
  const cluster = await connectToCluster(kubeconfig, folder, namespaces);
  return {
    ...cluster,
    async close() {
      const deleteOptions = ["--wait=false", "--ignore-not-found"];
      try {
        if (namespaces.length > 0) await cluster.kubectl(["delete", "namespace", ...deleteOptions, ...namespaces]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}

/** The cluster that a kubeconfig leads to. Its files lie in `folder`, names of namespaces that it makes in `namespaces`. */
export async function connectToCluster(
  kubeconfig: string,
  folder: string,
  namespaces: string[] = [],
): Promise<Omit<TestCluster, "close">> {
  // kubectl's cache goes by host and port, and another cluster may have had ours before.
  const options = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "kubectl")];
  const kubectl = (args: readonly string[], input?: string) => runKubectl([...options, ...args], input);
  const view = await kubectl(["config", "view", "--minify", "--flatten", "--raw", "--output", "json"]);
  const [{ cluster }] = KubeconfigView.parse(JSON.parse(view)).clusters;
  return {
    server: cluster.server,
    kubeconfig,
    kubectl,
    async createNamespace() {
      const name = `edgress-test-${randomBytes(5).toString("hex")}`;
      namespaces.push(name);
      await kubectl(["create", "namespace", name]);
      return name;
    },
    async createKubeconfig(namespace, serviceAccount) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const request = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} });
      const answer = await kubectl(["create", "--raw", path, "--filename", "-"], request);
      const { token } = TokenRequest.parse(JSON.parse(answer)).status;
      const file = join(folder, `${namespace}-${serviceAccount}`);
      await writeFile(file, formatKubeconfig(cluster, token), { mode: 0o600 });
      return file;
    },
  };
}

/** Applies objects to a namespace, as the admin. */
export async function applyObjects(
  cluster: TestCluster,
  namespace: string,
  ...objects: readonly object[]
): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  await cluster.kubectl(["apply", "--namespace", namespace, "--filename", "-"], JSON.stringify(list));
}

/** The API server that a kubeconfig leads to, as the sync job speaks to it. */
export function connectWithKubeconfig(kubeconfig: string): KubernetesClient {
  const connections = new Connections();
  connections.loadFromFile(kubeconfig);
  return createKubernetesClient(connections);
}

/** A kubeconfig (JSON is YAML) of one cluster and one token. */
export function formatKubeconfig(cluster: object, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

async function runKubectl(args: readonly string[], input = ""): Promise<string> {
  const child = spawn("kubectl", args, { stdio: ["pipe", "pipe", "pipe"] });
  const exit = once(child, "close");
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}
