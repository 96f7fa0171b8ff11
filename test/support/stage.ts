import assert from "node:assert/strict";
import { CURRENT_KEY } from "../../src/rules/keys.ts";
import type { Environment } from "../../sync/account.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { type LocalAccount, startAccount } from "../../sync/dev/account.ts";
import type { Storage } from "../../sync/dev/storage.ts";
import { type Api, apiOf } from "../../sync/kubernetes/api.ts";
import { type Held, manifestIn, readHeld } from "../../sync/publish/held.ts";
import { generateSealingKeys } from "../../sync/publish/seal.ts";
import { generateKeys, signerOf } from "../../sync/publish/sign.ts";
import { LIVE_GENERATION } from "../../sync/report/status.ts";
import { ApiServer, type Applied } from "./api-server.ts";
import { until } from "./edge.ts";
import { MemoryKv } from "./memory-kv.ts";
import { readAll } from "./published.ts";
import { accountWrites, clusterWrites, eventsIn, routesOf, type Shown, shownBy } from "./stage-reading.ts";
import { type Pause, stepped } from "./stepped-kv.ts";
import { connectionsTo, NAMESPACE, type SyncJob, type SyncJobOptions, startSyncJob } from "./sync-job.ts";

/** A cluster's API server and a Cloudflare account, both on loopback, for sync jobs to run between. */
export interface Stage {
  readonly server: ApiServer;
  readonly account: LocalAccount;
  /** What lies in the account's KV namespace. */
  readonly kv: MemoryKv;
  readonly keys: ReturnType<typeof generateKeys>;
  readonly environment: Environment;
  /** The API server, as its admin asks it. */
  readonly api: Api;
  /** Told of every step in KV. */
  at: Pause;
  /** Puts objects into the cluster. */
  apply(...objects: readonly Applied[]): void;
  /** Starts a sync job; `close` ends it, unless it has ended by then. */
  start(options?: SyncJobOptions): Promise<SyncJob>;
  /** The newest that is published, in force or not yet. */
  held(): Promise<Held>;
  /** Each route that an edge would serve, as "shop.example.com /cart -> default/web:80", or "-> 503" and why. */
  routes(): Promise<string[]>;
  generation(): number;
  /** Requests to the account that change something, from one on: "PUT current". */
  accountWrites(from?: number): string[];
  /** Requests to the API server that change something, from one on, but for the Lease's. */
  clusterWrites(from?: number): string[];
  /** Events, as "PathInvalid Ingress default/shop". */
  events(): string[];
  /** Resolves once exactly these routes are published. */
  published(...routes: readonly string[]): Promise<void>;
  /** What an Ingress says of itself: its addresses, and since which generation it is live. */
  shown(name: string, namespace?: string): Shown;
  /** Nobody holds the Lease any more, as if its time had passed. */
  forgetLease(): void;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly zones?: readonly string[];
  readonly kv?: MemoryKv;
  readonly keys?: ReturnType<typeof generateKeys>;
  /** The API server of another stage, which goes on without this one. */
  readonly server?: ApiServer;
}

export const INGRESS_CLASS: Applied = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "edgress" },
  spec: { controller: "edgress.dev/ingress-controller" },
};

export async function startStage({
  zones = ["example.com"],
  kv,
  keys,
  server: given,
}: StageOptions = {}): Promise<Stage> {
  return stageOf(
    given ?? (await startServer()),
    zones,
    kv ?? new MemoryKv(),
    keys ?? generateKeys(),
    given === undefined,
  );
}

/** An API server with what every cluster has, and our IngressClass. */
export async function startServer(): Promise<ApiServer> {
  const server = await ApiServer.start();
  for (const name of ["kube-system", NAMESPACE]) {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  server.apply(INGRESS_CLASS);
  return server;
}

async function stageOf(
  server: ApiServer,
  zones: readonly string[],
  kv: MemoryKv,
  keys: ReturnType<typeof generateKeys>,
  isOwn: boolean,
): Promise<Stage> {
  const steps = stepped(kv, (step) => stage.at(step));
  const account = await startAccount({ zones, storage: () => storageOf(steps) });
  const signer = signerOf(keys.privateKey);
  const jobs: SyncJob[] = [];
  const stage: Stage = {
    server,
    account,
    kv,
    keys,
    api: apiOf(connectionsTo(server)),
    environment: environmentOf(account, keys.privateKey),
    at: () => {},
    apply(...objects) {
      for (const object of objects) server.apply(asShown(object, server));
    },
    async start({ environment = stage.environment, ...options } = {}) {
      const job = await startSyncJob(server, environment, options);
      jobs.push(job);
      return job;
    },
    held: () => readHeld(kv, signer),
    routes: async () => (kv.values.has(CURRENT_KEY) ? routesOf(await readAll(kv, keys.publicKey)) : []),
    generation: () => manifestIn(kv.values.get(CURRENT_KEY), signer)?.generation ?? 0,
    accountWrites: (from = 0) => accountWrites(account, from),
    clusterWrites: (from = 0) => clusterWrites(server, from),
    events: () => eventsIn(server),
    async published(...routes) {
      const isSo = async () => JSON.stringify(await stage.routes()) === JSON.stringify(routes.toSorted());
      await until(isSo, 20_000).catch(async () => assert.deepEqual(await stage.routes(), routes));
    },
    shown: (name, namespace = "default") => shownBy(server, namespace, name),
    forgetLease: () => void server.remove("Lease", NAMESPACE, "edgress"),
    async close() {
      server.heal();
      account.faults = { ...account.faults, hangs: 0, serverErrors: 0, tooManyRequests: 0, partialWrites: 0 };
      await Promise.all(jobs.map((job) => job.stop()));
      await account.close();
      if (isOwn) await server.stop();
    },
  };
  return stage;
}

/** A test on a stage of its own. */
export function onStage(play: (stage: Stage) => Promise<void>, options?: StageOptions): () => Promise<void> {
  return async () => {
    const stage = await startStage(options);
    try {
      await play(stage);
    } finally {
      await stage.close();
    }
  };
}

/** What `edgress sync` finds in its environment. */
export function environmentOf(account: LocalAccount, signingKey: string): Record<string, string> {
  return {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: signingKey,
    EDGRESS_SEALING_PUBLIC_KEY: generateSealingKeys().publicKey,
  };
}

/** An object as its author replaces it: what the sync job has written on it stays. */
function asShown(object: Applied, server: ApiServer): Applied {
  if (object.kind !== "Ingress") return object;
  const { name, namespace = "default", annotations } = object.metadata;
  const before = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const live = before?.metadata.annotations?.[LIVE_GENERATION];
  if (!before || live === undefined) return object;
  const shown = {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LIVE_GENERATION]: live } },
  };
  return { status: before.status, ...shown };
}

/** The same object in another namespace, or with more of its metadata. */
export function having(object: Applied, metadata: Partial<Applied["metadata"]>): Applied {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

function storageOf(kv: Kv): Storage {
  return {
    get: async (keys) => Object.fromEntries(await kv.getMany(keys)),
    put: (entries) => kv.put(entries),
    remove: (keys) => kv.remove(keys),
    list: async (prefix) => ({ keys: await kv.list(prefix) }),
    setEdgeReads: () => Promise.reject(new Error("there is no edge")),
  };
}
