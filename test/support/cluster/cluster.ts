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

/** A Kubernetes cluster for tests, with admin rights. */
export interface TestCluster {
  /** The API server's URL. */
  readonly server: string;
  /** The path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** Creates a namespace with a unique name. `close` removes it. */
  createNamespace(): Promise<string>;
  /** Writes a kubeconfig for a ServiceAccount, with a token for one hour, and returns its path. */
  createKubeconfig(namespace: string, serviceAccount: string): Promise<string>;
  /** Runs kubectl and returns its output. Rejects with its error output. `input` is its stdin. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  close(): Promise<void>;
}

const KubeconfigView = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.optional(z.string()) }) }),
  ]),
});
const TokenRequest = z.object({ status: z.object({ token: z.string() }) });

/** Connects to the cluster of KUBECONFIG. */
export async function connectToExistingCluster(): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-cluster-"));
  const kubeconfig = join(folder, "kubeconfig");
  // KUBECONFIG may list several files. This one has only the current context and no references to other files.
  const flattenedConfig = await runKubectl(["config", "view", "--minify", "--flatten", "--raw", "--output", "json"]);
  await writeFile(kubeconfig, flattenedConfig, { mode: 0o600 });
  const { createdNamespaces, ...cluster } = await connectToCluster(kubeconfig, folder);
  return {
    ...cluster,
    async close() {
      const namespaces = createdNamespaces();
      const deleteOptions = ["--wait=false", "--ignore-not-found"];
      try {
        if (namespaces.length > 0) await cluster.kubectl(["delete", "namespace", ...deleteOptions, ...namespaces]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}

/** Connects to the cluster of a kubeconfig. It writes its files to `folder`. */
export async function connectToCluster(
  kubeconfig: string,
  folder: string,
): Promise<Omit<TestCluster, "close"> & { createdNamespaces(): readonly string[] }> {
  const namespaces: string[] = [];
  // The kubectl cache uses host and port as key, and an earlier cluster may have had the same ones.
  const options = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "kubectl")];
  const kubectl = (args: readonly string[], input?: string) => runKubectl([...options, ...args], input);
  const view = await kubectl(["config", "view", "--minify", "--flatten", "--raw", "--output", "json"]);
  const [{ cluster }] = KubeconfigView.parse(JSON.parse(view)).clusters;
  return {
    server: cluster.server,
    kubeconfig,
    kubectl,
    createdNamespaces: () => namespaces,
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

/** Applies objects to a namespace as admin. */
export async function applyObjects(
  cluster: TestCluster,
  namespace: string,
  ...objects: readonly object[]
): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  await cluster.kubectl(["apply", "--namespace", namespace, "--filename", "-"], JSON.stringify(list));
}

/** Creates the controller's client from a kubeconfig. */
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
  child.stdin.on("error", () => {}); // kubectl may exit before it reads all input
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}
