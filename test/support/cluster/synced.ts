import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { ApiError, type KubernetesClient } from "../../../sync/kubernetes/client.ts";
import { STATUS_HEADERS } from "../../../sync/local/wait-for-generation.ts";
import { generateEncryptionKeys } from "../../../sync/publish/encrypt-secrets.ts";
import { buildEnvironment } from "../controller/memory-account.ts";
import { buildIngressManifest } from "../manifests.ts";
import { KEYS } from "../publish/signing.ts";
import { sendRequest } from "../worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../worker/worker-harness.ts";
import { connectWithKubeconfig, type TestCluster } from "./cluster.ts";

const POLL_INTERVAL_MS = 20;

/** A cluster and a local edge, with the settings of a controller between them. */
export interface ClusterHarness {
  /** Client with admin rights. */
  readonly api: KubernetesClient;
  readonly edge: WorkerHarness;
  /** Environment of `edgress sync`: account and keys. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts an origin at an address ("203.0.113.11:80"). It responds with `name` and the request path. */
  startOrigin(address: string, name: string): Promise<void>;
  /** Sends a request. Returns "name /path" from the origin, or the status if it is not 200. */
  fetchAnswer(url: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Sends requests until the answer is `expected`. Rejects with the last answer after 20 s. */
  waitForAnswer(url: string, expected: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Returns the active generation of the edge. */
  generation(): Promise<number>;
  /** Reads the status of an Ingress. Undefined if the Ingress does not exist. */
  readStatus(namespace: string, name: string): Promise<ClusterIngressStatus | undefined>;
  /** Waits until an Ingress is live since a generation after `afterGeneration`, and returns that generation. */
  waitUntilLive(namespace: string, name: string, afterGeneration?: number): Promise<number>;
  /** Returns the Events of an Ingress, unordered: "Warning RouteFailedClosed: …". */
  listEvents(namespace: string, name: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface ClusterIngressStatus {
  readonly addresses: readonly string[];
  /** The annotation edgress.dev/live-generation. */
  readonly live: number | undefined;
}

const Generation = z.object({ generation: z.number().optional() });
const Events = z.object({
  items: z.array(
    z.object({
      type: z.string(),
      reason: z.string(),
      message: z.string(),
      involvedObject: z.object({ kind: z.string(), name: z.string() }),
    }),
  ),
});
const IngressObject = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
  status: z.object({
    loadBalancer: z.object({
      ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).optional(),
    }),
  }),
});

/** Starts a local edge for a cluster. `close` does not close the cluster. */
export async function startClusterHarness(
  cluster: TestCluster,
  zones: readonly string[] = ["example.com"],
): Promise<ClusterHarness> {
  const [keys, encryptionKeys] = [KEYS, generateEncryptionKeys()];
  const variables = { EDGRESS_VERIFYING_KEY: keys.publicKey, EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey };
  const edge = await startWorkerHarness({ zones, variables });
  const { account, http } = edge.stack;
  const api = connectWithKubeconfig(cluster.kubeconfig);
  const fetchAnswer: ClusterHarness["fetchAnswer"] = async (url, headers = {}) => {
    const { status, body } = await sendRequest(edge, url, { headers });
    return status === 200 ? body.toString() : String(status);
  };
  return {
    api,
    edge,
    environment: {
      ...buildEnvironment(account, keys.privateKey),
      EDGRESS_ENCRYPTION_KEY: encryptionKeys.publicKey,
    },
    async startOrigin(address, name) {
      await edge.startOrigin(address, ({ url }, response) => response.end(`${name} ${url}`));
    },
    fetchAnswer,
    waitForAnswer: (url, expected, headers) =>
      waitForValue(`the answer of ${url}`, () => fetchAnswer(url, headers), expected),
    async generation() {
      const response = await fetch(new URL("/.well-known/edgress/generation", http), { headers: STATUS_HEADERS });
      return Generation.parse(await response.json()).generation ?? 0;
    },
    readStatus: (namespace, name) => fetchStatus(api, namespace, name),
    async waitUntilLive(namespace, name, afterGeneration = 0) {
      const readCurrent = () => fetchStatus(api, namespace, name);
      const liveStatus = await waitForValue(
        `the status of ${namespace}/${name}`,
        readCurrent,
        (ingressStatus) => (ingressStatus?.live ?? 0) > afterGeneration,
      );
      return liveStatus?.live ?? 0;
    },
    async listEvents(namespace, name) {
      const { items } = Events.parse(await api.get(`/api/v1/namespaces/${namespace}/events`));
      const ingressEvents = items.filter(
        ({ involvedObject: { kind, name: objectName } }) => kind === "Ingress" && objectName === name,
      );
      return ingressEvents.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    },
    close: edge.close,
  };
}

/** Polls `readCurrent` until it returns `expected`. Rejects with `subject` and the last value after `limitMs`. */
export async function waitForValue<T>(
  subject: string,
  readCurrent: () => Promise<T>,
  expected: T | ((found: T) => boolean),
  limitMs = 20_000,
): Promise<T> {
  const isExpected = (found: T) => (expected instanceof Function ? expected(found) : found === expected);
  for (const startedAt = performance.now(); ; await sleep(POLL_INTERVAL_MS)) {
    const value = await readCurrent();
    if (isExpected(value)) return value;
    if (performance.now() - startedAt > limitMs) throw new Error(`${subject} is still ${JSON.stringify(value)}`);
  }
}

/** Makes a change, waits for its effect and prints the time between. Fails if it takes `limitMs` or more. */
export async function assertChangeWithin(
  t: TestContext,
  limitMs: number,
  label: string,
  { change, waitForEffect }: { change?: () => Promise<unknown>; waitForEffect: () => Promise<unknown> },
): Promise<void> {
  const startedAt = performance.now();
  await change?.();
  await waitForEffect();
  const ms = Math.round(performance.now() - startedAt);
  t.diagnostic(`${label}: ${ms} ms`);
  assert(ms < limitMs, `${label}: ${ms} ms, expected less than ${limitMs} ms`);
}

/** Processes all items, 50 at a time, like the users of a cluster. */
export async function runInParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const user = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: 50 }, user));
}

export function buildIngressesPath(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
}

/** Builds an Ingress for one host, with or without a class. `paths` maps each path to its Service. */
export function buildClassIngress(
  ingressClassName: string | undefined,
  name: string,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  const baseIngress = buildIngressManifest(name, `${name}.example.com`, paths, annotations);
  return { ...baseIngress, spec: { ...baseIngress.spec, ingressClassName } };
}

async function fetchStatus(
  api: KubernetesClient,
  namespace: string,
  name: string,
): Promise<ClusterIngressStatus | undefined> {
  try {
    return parseStatus(IngressObject.parse(await api.get(`${buildIngressesPath(namespace)}/${name}`)));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function parseStatus({ metadata, status }: z.infer<typeof IngressObject>): ClusterIngressStatus {
  const live = metadata.annotations?.["edgress.dev/live-generation"];
  const entries = status.loadBalancer.ingress ?? [];
  return {
    addresses: entries.map(({ ip, hostname }) => ip ?? hostname ?? ""),
    live: live === undefined ? undefined : Number(live),
  };
}
