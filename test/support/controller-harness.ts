import assert from "node:assert/strict";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { LIVE_GENERATION_ANNOTATION } from "../../sync/collect/annotation-names.ts";
import type { Environment } from "../../sync/commands/account-from-env.ts";
import { createKubernetesClient, type KubernetesClient } from "../../sync/kubernetes/client.ts";
import { type LocalAccount, startAccount } from "../../sync/local/account/account.ts";
import type { WorkerStorage } from "../../sync/local/worker/worker-storage.ts";
import { generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import {
  type PublishedSnapshot,
  parseSignedManifest,
  readPublishedSnapshot,
} from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { ApiServer, type AppliedObject } from "./api-server.ts";
import {
  formatEvents,
  formatRoutes,
  type IngressLiveStatus,
  listAccountWrites,
  listClusterWrites,
  readIngressStatus,
} from "./controller-harness-reading.ts";
import { createInterruptibleKv, type KvStepHook } from "./interruptible-kv.ts";
import { MemoryKv } from "./memory-kv.ts";
import { readAllShards } from "./published.ts";
import { createConnections, NAMESPACE, type SyncJob, type SyncJobOptions, startSyncJob } from "./sync-job.ts";
import { waitFor } from "./wait-for.ts";

/** A cluster's API server and a Cloudflare account, both on loopback, for sync jobs to run between. */
export interface ControllerHarness {
  readonly server: ApiServer;
  readonly account: LocalAccount;
  /** What lies in the account's KV namespace. */
  readonly kv: MemoryKv;
  readonly keys: ReturnType<typeof generateSigningKeys>;
  readonly environment: Environment;
  /** The API server, as its admin asks it. */
  readonly api: KubernetesClient;
  /** Told of every step in KV. */
  onKvStep: KvStepHook;
  /** Puts objects into the cluster. */
  apply(...objects: readonly AppliedObject[]): void;
  /** Starts a sync job; `close` ends it, unless it has ended by then. */
  start(options?: SyncJobOptions): Promise<SyncJob>;
  /** The newest that is published, in force or not yet. */
  readPublished(): Promise<PublishedSnapshot>;
  /** Each route that an edge would serve, as "shop.example.com /cart -> default/web:80", or "-> 503" and why. */
  routes(): Promise<string[]>;
  generation(): number;
  /** Requests to the account that change something, from one on: "PUT current". */
  accountWrites(from?: number): string[];
  /** Requests to the API server that change something, from one on, but for the Lease's. */
  clusterWrites(from?: number): string[];
  /** Events, as "InvalidPath Ingress default/shop". */
  events(): string[];
  /** Resolves once exactly these routes are published. */
  waitForRoutes(...routes: readonly string[]): Promise<void>;
  /** What an Ingress says of itself: its addresses, and since which generation it is live. */
  readStatus(name: string, namespace?: string): IngressLiveStatus;
  /** Nobody holds the Lease any more, as if its time had passed. */
  deleteLease(): void;
  close(): Promise<void>;
}

export interface ControllerHarnessOptions {
  readonly zones?: readonly string[];
  readonly kv?: MemoryKv;
  readonly keys?: ReturnType<typeof generateSigningKeys>;
  /** The API server of another stage, which goes on without this one. */
  readonly server?: ApiServer;
}

export const INGRESS_CLASS: AppliedObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "edgress" },
  spec: { controller: "edgress.dev/ingress-controller" },
};

export async function startControllerHarness({
  zones = ["example.com"],
  kv,
  keys,
  server: existingServer,
}: ControllerHarnessOptions = {}): Promise<ControllerHarness> {
  return createControllerHarness(
    existingServer ?? (await startApiServer()),
    zones,
    kv ?? new MemoryKv(),
    keys ?? generateSigningKeys(),
    existingServer === undefined,
  );
}

/** An API server with what every cluster has, and our IngressClass. */
export async function startApiServer(): Promise<ApiServer> {
  const server = await ApiServer.start();
  for (const name of ["kube-system", NAMESPACE]) {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  server.apply(INGRESS_CLASS);
  return server;
}

async function createControllerHarness(
  server: ApiServer,
  zones: readonly string[],
  kv: MemoryKv,
  keys: ReturnType<typeof generateSigningKeys>,
  ownsServer: boolean,
): Promise<ControllerHarness> {
  const interruptibleKv = createInterruptibleKv(kv, (step) => harness.onKvStep(step));
  const account = await startAccount({ zones, storage: () => createStorage(interruptibleKv) });
  const signer = createSigner(keys.privateKey);
  const jobs: SyncJob[] = [];
  const harness: ControllerHarness = {
    server,
    account,
    kv,
    keys,
    api: createKubernetesClient(createConnections(server)),
    environment: buildEnvironment(account, keys.privateKey),
    onKvStep: () => {},
    apply(...objects) {
      for (const object of objects) server.apply(keepStatus(object, server));
    },
    async start({ environment = harness.environment, ...options } = {}) {
      const job = await startSyncJob(server, environment, options);
      jobs.push(job);
      return job;
    },
    readPublished: () => readPublishedSnapshot(kv, signer),
    routes: async () => (kv.values.has(CURRENT_KEY) ? formatRoutes(await readAllShards(kv, keys.publicKey)) : []),
    generation: () => parseSignedManifest(kv.values.get(CURRENT_KEY), signer)?.generation ?? 0,
    accountWrites: (from = 0) => listAccountWrites(account, from),
    clusterWrites: (from = 0) => listClusterWrites(server, from),
    events: () => formatEvents(server),
    async waitForRoutes(...routes) {
      const isPublished = async () => JSON.stringify(await harness.routes()) === JSON.stringify(routes.toSorted());
      await waitFor(isPublished, 20_000).catch(async () => assert.deepEqual(await harness.routes(), routes));
    },
    readStatus: (name, namespace = "default") => readIngressStatus(server, namespace, name),
    deleteLease: () => void server.remove("Lease", NAMESPACE, "edgress"),
    async close() {
      server.clearFaults();
      account.faults = { ...account.faults, hangs: 0, serverErrors: 0, tooManyRequests: 0, partialWrites: 0 };
      await Promise.all(jobs.map((job) => job.stop()));
      await account.close();
      if (ownsServer) await server.stop();
    },
  };
  return harness;
}

/** A test on a stage of its own. */
export function withHarness(
  run: (harness: ControllerHarness) => Promise<void>,
  options?: ControllerHarnessOptions,
): () => Promise<void> {
  return async () => {
    const harness = await startControllerHarness(options);
    try {
      await run(harness);
    } finally {
      await harness.close();
    }
  };
}

/** What `edgress sync` finds in its environment. */
export function buildEnvironment(account: LocalAccount, signingKey: string): Record<string, string> {
  return {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: signingKey,
    EDGRESS_ENCRYPTION_KEY: generateEncryptionKeys().publicKey,
  };
}

/** An object as its author replaces it: what the sync job has written on it stays. */
function keepStatus(object: AppliedObject, server: ApiServer): AppliedObject {
  if (object.kind !== "Ingress") return object;
  const { name, namespace = "default", annotations } = object.metadata;
  const before = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const live = before?.metadata.annotations?.[LIVE_GENERATION_ANNOTATION];
  if (!before || live === undefined) return object;
  const annotatedObject = {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LIVE_GENERATION_ANNOTATION]: live } },
  };
  return { status: before.status, ...annotatedObject };
}

/** The same object in another namespace, or with more of its metadata. */
export function withMetadata(object: AppliedObject, metadata: Partial<AppliedObject["metadata"]>): AppliedObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

function createStorage(kv: Kv): WorkerStorage {
  return {
    get: async (keys) => Object.fromEntries(await kv.getMany(keys)),
    put: (entries) => kv.put(entries),
    remove: (keys) => kv.remove(keys),
    list: async (prefix) => ({ keys: await kv.list(prefix) }),
    setEdgeReadMode: () => Promise.reject(new Error("there is no edge")),
  };
}
