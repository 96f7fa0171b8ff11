import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiServer, type AppliedObject } from "../api-server.ts";
import { KEYS } from "../publish/signing.ts";
import { buildVersion } from "../publish/versioned-manifests.ts";
import { startWorkerHarness, type WorkerHarness } from "../worker/worker-harness.ts";
import { buildEnvironment } from "./memory-account.ts";

/** A cluster and an edge, for processes of `edgress sync`. */
export interface SyncCluster {
  readonly server: ApiServer;
  readonly edge: WorkerHarness;
  readonly environment: Readonly<Record<string, string>>;
  /** Applies the objects of a version to the cluster. */
  applyVersion(version: number): void;
  close(): Promise<void>;
}

/** Starts an API server, and an edge with the zone example.com. */
export async function startSyncCluster(): Promise<SyncCluster> {
  const keys = KEYS;
  const edge = await startWorkerHarness({
    zones: ["example.com"],
    variables: { EDGRESS_VERIFYING_KEY: keys.publicKey },
  });
  const server = await ApiServer.start();
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  const folder = await mkdtemp(join(tmpdir(), "edgress-sync-"));
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  return {
    server,
    edge,
    environment: {
      KUBECONFIG: join(folder, "kubeconfig"),
      ...buildEnvironment(edge.stack.account, keys.privateKey),
    },
    applyVersion(version) {
      for (const object of buildVersion(version)) server.apply(object as AppliedObject);
    },
    async close() {
      await rm(folder, { recursive: true });
      await server.stop();
      await edge.close();
    },
  };
}
