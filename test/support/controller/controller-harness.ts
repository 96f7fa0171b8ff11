import assert from "node:assert/strict";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import type { Environment } from "../../../sync/commands/help/environment-variables.ts";
import { createKubernetesClient, type KubernetesClient } from "../../../sync/kubernetes/client.ts";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import { createFaultPlan } from "../../../sync/local/account/fault-injection.ts";
import {
  type PublishedSnapshot,
  parseSignedManifest,
  readPublishedSnapshot,
} from "../../../sync/publish/read-published.ts";
import { createSigner, type generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { createConnections } from "../api-server/client.ts";
import { ApiServer, type AppliedObject } from "../api-server.ts";
import type { KvStepHook } from "../interruptible-kv.ts";
import { MemoryKv } from "../memory-kv.ts";
import { readAllShards } from "../publish/sample-rules.ts";
import { KEYS } from "../publish/signing.ts";
import { waitFor } from "../wait-for.ts";
import { type Controller, type ControllerOptions, NAMESPACE, startController } from "./controller.ts";
import {
  formatEvents,
  formatRoutes,
  type IngressLiveStatus,
  keepStatus,
  listAccountWrites,
  listClusterWrites,
  readIngressStatus,
} from "./harness-reading.ts";
import { type AccountLimits, buildEnvironment, startMemoryAccount } from "./memory-account.ts";

const WAIT_LIMIT_MS = 20_000;

/** An API server and a Cloudflare account on loopback, with controllers between them. */
export interface ControllerHarness {
  readonly server: ApiServer;
  readonly account: LocalAccount;
  /** Contents of the account's KV namespace. */
  readonly kv: MemoryKv;
  readonly keys: ReturnType<typeof generateSigningKeys>;
  readonly environment: Environment;
  /** Client of the API server with all rights. */
  readonly api: KubernetesClient;
  /** Called at every step in KV. */
  onKvStep: KvStepHook;
  /** Creates or replaces objects in the cluster. */
  apply(...objects: readonly AppliedObject[]): void;
  /** Starts a controller in this process. `close` stops it. */
  start(options?: ControllerOptions): Promise<Controller>;
  /** Reads the newest published snapshot. */
  readPublished(): Promise<PublishedSnapshot>;
  /** Returns each published route: "shop.example.com /cart -> default/web:80", or "-> 503" with its reason. */
  routes(): Promise<string[]>;
  generation(): number;
  /** Returns the writes to the account since the write number `from`: "PUT current". */
  accountWrites(from?: number): string[];
  /** Returns the writes to the API server since the request number `from`, except writes of Leases. */
  clusterWrites(from?: number): string[];
  /** Returns the Events: "InvalidPath Ingress default/shop". */
  events(): string[];
  /** Returns the addresses of an Ingress, and the generation since which it is live. */
  readStatus(name: string, namespace?: string): IngressLiveStatus;
  /** Resolves when exactly these routes are published. */
  waitForRoutes(...routes: readonly string[]): Promise<void>;
  /** Resolves when the Event exists. */
  waitForEvent(event: string): Promise<void>;
  /** Resolves when the Ingresses are live. */
  waitUntilLive(...names: readonly string[]): Promise<void>;
  /** Deletes the Lease, as if it had expired. */
  deleteLease(): void;
  close(): Promise<void>;
}

export interface ControllerHarnessOptions extends AccountLimits {
  readonly zones?: readonly string[];
  readonly kv?: MemoryKv;
  readonly keys?: ReturnType<typeof generateSigningKeys>;
  /** The API server of another harness. `close` does not stop it. */
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
  kv = new MemoryKv(),
  keys = KEYS,
  server: existingServer,
  ...limits
}: ControllerHarnessOptions = {}): Promise<ControllerHarness> {
  const server = existingServer ?? (await startApiServer());
  const account = await startMemoryAccount(zones, kv, (step) => harness.onKvStep(step), limits);
  const controllers: Controller[] = [];
  const harness: ControllerHarness = {
    ...{ server, account, kv, keys },
    environment: buildEnvironment(account, keys.privateKey),
    onKvStep: () => {},
    ...createClusterActions(server),
    ...createPublishedReaders(kv, keys, () => harness.routes()),
    accountWrites: (from = 0) => listAccountWrites(account, from),
    async start({ environment = harness.environment, ...options } = {}) {
      const controller = await startController(server, environment, options);
      controllers.push(controller);
      return controller;
    },
    async close() {
      server.clearFaults();
      account.faults = createFaultPlan();
      await Promise.all(controllers.map((controller) => controller.stop()));
      await account.close();
      if (existingServer === undefined) await server.stop();
    },
  };
  return harness;
}

/** Starts an API server with the default namespaces and the IngressClass of edgress. */
export async function startApiServer(): Promise<ApiServer> {
  const server = await ApiServer.start();
  for (const name of ["kube-system", NAMESPACE]) {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  server.apply(INGRESS_CLASS);
  return server;
}

type ClusterActions = Pick<
  ControllerHarness,
  "api" | "apply" | "clusterWrites" | "events" | "readStatus" | "waitForEvent" | "waitUntilLive" | "deleteLease"
>;

function createClusterActions(server: ApiServer): ClusterActions {
  const readStatus = (name: string, namespace = "default") => readIngressStatus(server, namespace, name);
  return {
    api: createKubernetesClient(createConnections(server)),
    apply(...objects) {
      for (const object of objects) server.apply(keepStatus(object, server));
    },
    clusterWrites: (from = 0) => listClusterWrites(server, from),
    events: () => formatEvents(server),
    readStatus,
    async waitForEvent(event) {
      const hasEvent = () => formatEvents(server).includes(event);
      await waitFor(hasEvent, WAIT_LIMIT_MS).catch(() => assert.deepEqual(formatEvents(server), [event]));
    },
    async waitUntilLive(...names) {
      const findPending = () => names.filter((name) => readStatus(name).live === undefined);
      await waitFor(() => findPending().length === 0, WAIT_LIMIT_MS).catch(() => assert.deepEqual(findPending(), []));
    },
    deleteLease: () => void server.remove("Lease", NAMESPACE, "edgress"),
  };
}

function createPublishedReaders(
  kv: MemoryKv,
  keys: ReturnType<typeof generateSigningKeys>,
  readRoutes: () => Promise<string[]>,
): Pick<ControllerHarness, "readPublished" | "routes" | "generation" | "waitForRoutes"> {
  const signer = createSigner(keys.privateKey);
  return {
    readPublished: () => readPublishedSnapshot(kv, signer),
    routes: async () => (kv.values.has(CURRENT_KEY) ? formatRoutes(await readAllShards(kv, keys.publicKey)) : []),
    generation: () => parseSignedManifest(kv.values.get(CURRENT_KEY), signer)?.generation ?? 0,
    async waitForRoutes(...routes) {
      const expected = JSON.stringify(routes.toSorted());
      const isPublished = async () => JSON.stringify(await readRoutes()) === expected;
      await waitFor(isPublished, WAIT_LIMIT_MS).catch(async () => assert.deepEqual(await readRoutes(), routes));
    },
  };
}

/** Returns a test function that runs with a separate harness. */
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

/** Returns the same object with other metadata, for example in another namespace. */
export function withMetadata(object: AppliedObject, metadata: Partial<AppliedObject["metadata"]>): AppliedObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}
