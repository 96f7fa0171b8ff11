import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { LOCAL_STATUS_TOKEN } from "../../../sync/local/wait-for-generation.ts";
import { generateEncryptionKeys } from "../../../sync/publish/encrypt-secrets.ts";
import { createSigner, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { RAISED_CALL_LIMIT } from "../../support/account/call-limit.ts";
import type { ApiServer } from "../../support/api-server.ts";
import { startApiServer } from "../../support/controller/controller-harness.ts";
import { createPublished, type Published, type PublishedGeneration } from "../check/published.ts";
import { createEdgeKv, type EdgeKv } from "./edge-kv.ts";
import { type EdgeLog, type SoakEdges, startSoakEdges } from "./edges.ts";
import { type SyncJobs, startSyncJobs } from "./jobs.ts";
import { buildFixedObjects } from "./objects.ts";
import { startSoakOrigins } from "./origins.ts";

/** Everything between the API server and the origins, on this machine. */
export interface SoakWorld {
  readonly server: ApiServer;
  readonly account: LocalAccount;
  readonly kv: EdgeKv;
  readonly published: Published;
  readonly edges: SoakEdges;
  readonly jobs: SyncJobs;
  /** Variables of commands such as `edgress rollback`. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface SoakWorldOptions {
  readonly log: EdgeLog;
  readonly onGeneration: (generation: PublishedGeneration) => void;
  /** Adds the first objects, before the sync job starts. */
  readonly prepare: (server: ApiServer) => void;
}

/** The sync job changes quickly here: in a cluster it waits 1 s for quiet, and checks KV once a minute. */
const SYNC_ARGS = ["--debounce", "0.2", "--debounce-max", "1", "--resync-interval", "2"];
/** An edge checks for a newer generation every 10 s by default. */
const EDGE_VARIABLES = { SNAPSHOT_REFRESH_MS: "500", EDGRESS_STATUS_TOKEN: LOCAL_STATUS_TOKEN };
const COMPILE_CACHE = fileURLToPath(new URL("../../../node_modules/.cache/node", import.meta.url));

export async function startSoakWorld({ log, onGeneration, prepare }: SoakWorldOptions): Promise<SoakWorld> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
  };
  try {
    const keys = generateSigningKeys();
    const encryption = generateEncryptionKeys();
    const published = createPublished(createSigner(keys.privateKey), () => kv.storage, onGeneration);
    const kv = createEdgeKv(published.add);
    const account = await startAccount({
      zones: ["example.com"],
      storage: () => kv.storage,
      callLimit: RAISED_CALL_LIMIT,
    });
    cleanups.push(account.close);
    const variables = { EDGRESS_VERIFYING_KEY: keys.publicKey, EDGRESS_DECRYPTION_KEY: encryption.privateKey };
    const edges = await startSoakEdges(account, kv, { ...EDGE_VARIABLES, ...variables }, log);
    cleanups.push(edges.close);
    const origins = await startSoakOrigins(edges.forward);
    cleanups.push(origins.close);
    const server = await startApiServer();
    cleanups.push(() => server.stop());
    for (const object of buildFixedObjects()) server.apply(object);
    prepare(server);
    const folder = await mkdtemp(join(tmpdir(), "edgress-soak-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
    const environment = {
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: COMPILE_CACHE, // a run starts some 50 processes
      KUBECONFIG: join(folder, "kubeconfig"),
      CLOUDFLARE_BASE_URL: account.baseURL,
      CLOUDFLARE_API_TOKEN: account.token,
      CLOUDFLARE_ACCOUNT_ID: account.accountId,
      EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
      EDGRESS_SIGNING_KEY: keys.privateKey,
      EDGRESS_ENCRYPTION_KEY: encryption.publicKey,
    };
    const jobs = await startSyncJobs({ kubeconfig: join(folder, "kubeconfig"), environment, args: SYNC_ARGS });
    cleanups.push(jobs.close);
    return { server, account, kv, published, edges, jobs, environment, close };
  } catch (error) {
    await close();
    throw error;
  }
}
