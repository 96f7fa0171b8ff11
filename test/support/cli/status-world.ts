import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type ApiResource, ApiServer } from "../api-server.ts";
import { buildEnvironment } from "../controller/memory-account.ts";
import { KEYS } from "../publish/signing.ts";
import { startWorkerHarness } from "../worker/worker-harness.ts";
import { runEdgress } from "./edge-cli.ts";

export const STATUS_TOKEN = "token-of-the-operator";

/** Starts a cluster, an account and an edge for all tests of a file. `resources` are those that not every cluster has. */
export async function startStatusWorld(resources: readonly ApiResource[] = []) {
  const keys = KEYS;
  const variables = { EDGRESS_VERIFYING_KEY: keys.publicKey, EDGRESS_STATUS_TOKEN: STATUS_TOKEN };
  const [edge, server] = await Promise.all([startWorkerHarness({ variables }), ApiServer.start({ resources })]);
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  const folder = await mkdtemp(join(tmpdir(), "edgress-status-"));
  const kubeconfig = { KUBECONFIG: join(folder, "kubeconfig") };
  await writeFile(kubeconfig.KUBECONFIG, server.kubeconfigText);
  after(async () => {
    await edge.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const { account, http } = { ...edge.stack };
  return { server, folder, kubeconfig, account: buildEnvironment(account, keys.privateKey), edgeUrl: http.origin };
}

/** Runs `edgress status`. Times and ages are replaced with "TIME", ids of clusters with "UID", digests with "DIGEST". */
export async function runStatusCommand(environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runEdgress(["status", ...args], environment);
  const lines = stdout
    .trimEnd()
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z(, \d+ (s|min) ago)?/g, "TIME")
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "UID")
    .replace(/digest [0-9a-f]{12}/, "digest DIGEST")
    .split("\n");
  return { code, stderr, lines };
}
